import { Refusal } from "./api.ts";
import { h } from "./dom.ts";
import { morphChildren } from "./morph.ts";
import { hrefOf, parseRoute } from "./route.ts";
import { keepFresh } from "./fresh.ts";
import type { Shown } from "./view.ts";
import { viewOf } from "./views/all.ts";

const main = document.querySelector("main")!;
const live = document.querySelector("#live")!;
const field = document.querySelector<HTMLInputElement>("#search")!;

let shown: (Shown & { readonly readAtMs: number }) | undefined;

function draw(): void {
  if (shown === undefined) return;
  document.title = `${shown.title} – static-egress`;
  morphChildren(main, shown.draw(shown.nowMs + performance.now() - shown.readAtMs));
}

/** Reads and draws what the address asks for; what comes after the address has changed again is dropped. */
async function show(): Promise<void> {
  const { hash } = location;
  const route = parseRoute(hash);
  for (const link of document.querySelectorAll("header nav a")) {
    const isCurrent = parseRoute(link.getAttribute("href") ?? "").view === (route.view === "pools" ? "" : route.view);
    if (isCurrent) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  try {
    const view = viewOf(route);
    if (view === null) throw new Refusal(`There is no ${hash}.`, "");
    const next = await view(route);
    if (hash !== location.hash) return;
    shown = { ...next, readAtMs: performance.now() };
    draw();
  } catch (error) {
    if (hash !== location.hash) return;
    shown = undefined;
    const text =
      error instanceof Refusal ? [error.message, error.fix] : ["The webhook does not answer.", "It is asked again."];
    morphChildren(main, [
      h("h1", {}, "Not to be seen"),
      h("div", { class: "note" }, ...text.map((line) => h("p", {}, line))),
    ]);
  }
}

const fresh = keepFresh(show, (text, good) => {
  live.textContent = text;
  live.className = good ? "good" : "bad";
});

window.addEventListener("hashchange", () => {
  fresh.now();
  const typed = parseRoute(location.hash);
  if (document.activeElement !== field) {
    field.value = typed.view === "search" ? (typed.names[0] ?? "") : "";
    main.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
});

field.addEventListener("input", () => {
  const text = field.value.trim();
  const href = text === "" ? "#/" : hrefOf("search", [text]);
  // One step back leads to where the search began, not through every letter.
  if (parseRoute(location.hash).view === "search") {
    history.replaceState(null, "", href);
    window.dispatchEvent(new Event("hashchange"));
  } else location.hash = href;
});
field.form?.addEventListener("submit", (event) => event.preventDefault());

document.addEventListener("keydown", (event) => {
  const isTyping = event.target instanceof HTMLInputElement;
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    field.focus();
    field.select();
  } else if (event.key === "Escape" && isTyping) field.blur();
});

document.querySelector(".skip")?.addEventListener("click", (event) => {
  event.preventDefault(); // `#main` is no view
  main.focus();
});

field.value = parseRoute(location.hash).view === "search" ? (parseRoute(location.hash).names[0] ?? "") : "";
fresh.now();
setInterval(() => {
  if (!document.hidden) draw();
}, 1000);
