import { createLogUpdate } from "log-update";
import { styleText } from "node:util";
import { factsOf, type Facts } from "./facts.ts";
import type { Kubelet } from "./kubelet.ts";
import { picture, type Paint } from "./picture.ts";
import type { Stage } from "./stage.ts";
import type { Story } from "./story.ts";

const everyMs = 250;
/** The picture's lines that are always there: headings, blanks, the pool. */
const otherLines = 13;

/** Draws the picture in place until the returned function is called. */
export function showPicture(options: {
  readonly stage: Stage;
  readonly kubelet: Kubelet;
  readonly heading: readonly string[];
  readonly story: Story;
}): () => void {
  const { stage, kubelet, heading, story } = options;
  const draw = createLogUpdate(process.stdout);
  const paint: Paint = process.stdout.hasColors()
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_style, text) => text;
  let last: Facts | undefined;
  let busy = false;

  async function redraw(): Promise<void> {
    if (busy) return;
    busy = true;
    try {
      last = factsOf(await stage.ledger.snapshot(), stage.cloud, kubelet);
    } catch (error) {
      story.say(`the ledger does not answer: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      busy = false;
    }
    if (last === undefined) return;
    const pods = kubelet.pods();
    const space = process.stdout.rows - otherLines - stage.nodes.length - pods.length;
    const lines = story.last(Math.max(3, space)).map((line) => cut(line, process.stdout.columns));
    draw(picture({ ...last, pods }, heading, lines, paint));
  }
  const timer = setInterval(() => void redraw(), everyMs);
  return () => {
    clearInterval(timer);
    draw.done();
  };
}

function cut(line: string, columns: number): string {
  return line.length < columns ? line : `${line.slice(0, columns - 2)}…`;
}
