import { createLogUpdate } from "log-update";
import { styleText } from "node:util";
import { factsOf, type Facts } from "./facts.ts";
import type { Kubelet } from "./kubelet.ts";
import { picture, type Paint } from "./picture.ts";
import type { Stage } from "./stage.ts";
import type { Story } from "./story.ts";

const everyMs = 250;

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
    const space = Math.max(4, process.stdout.rows - 13 - stage.nodes.length - last.pods.length);
    draw(picture({ ...last, pods: kubelet.pods() }, heading, story.last(Math.min(12, space)), paint));
  }
  const timer = setInterval(() => void redraw(), everyMs);
  return () => {
    clearInterval(timer);
    draw.done();
  };
}
