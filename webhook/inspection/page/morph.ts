/** Makes `target`'s children be as `wanted`, keeping the elements that fit: focus, selection and scrolling stay where they are. */
export function morphChildren(target: Element, wanted: readonly Node[]): void {
  const before = [...target.childNodes];
  for (const [index, node] of wanted.entries()) {
    const old = before[index];
    if (old === undefined) target.append(node);
    else if (!morph(old, node)) old.replaceWith(node);
  }
  for (const old of before.slice(wanted.length)) old.remove();
}

function morph(old: Node, wanted: Node): boolean {
  if (old instanceof Text && wanted instanceof Text) {
    if (old.data !== wanted.data) old.data = wanted.data;
    return true;
  }
  if (!(old instanceof Element && wanted instanceof Element) || old.tagName !== wanted.tagName) return false;
  if (old.getAttribute("data-key") !== wanted.getAttribute("data-key")) return false;
  for (const name of old.getAttributeNames()) if (!wanted.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of wanted.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  morphChildren(old, [...wanted.childNodes]);
  return true;
}
