/** Line ends, escape sequences of terminals, and marks that turn the direction of text. */
const treacherous = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]+/gu;

/** Text of others, for where people read it line by line: nothing in it can begin a line, or act on a terminal. */
export function oneLine(text: string): string {
  return text.replaceAll(treacherous, " ");
}
