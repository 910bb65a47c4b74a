import { setTimeout as after } from "node:timers/promises";
import type { Ledger } from "../../shared/ledger/port.ts";
import type { Created } from "./deployment.ts";
import type { Kubelet } from "./kubelet.ts";

export interface LiveOptions {
  readonly kubelet: Kubelet;
  readonly ledger: Pick<Ledger, "snapshot">;
  readonly create: (name: string, annotations: Readonly<Record<string, string>>) => Promise<Created>;
  readonly say: (text: string) => void;
  readonly pods: number;
  /** Nodes that get no new pods; kept here, read by whoever places pods. */
  readonly cordoned: Set<string>;
  readonly random: () => number;
  readonly signal: AbortSignal;
}

const lifeMs = { least: 20_000, more: 25_000 };
const arrivalMs = { least: 700, more: 1500 };
const appStopsMs = 1500;
/** Who has waited this long gets the address of a node whose pods are sent away. */
const patienceMs = 8000;

/** Pods come and go until `signal` aborts. */
export async function live({
  kubelet,
  ledger,
  create,
  say,
  pods,
  cordoned,
  random,
  signal,
}: LiveOptions): Promise<void> {
  const endsAt = new Map<string, number>();
  let number = 0;

  function end(name: string): void {
    endsAt.delete(name);
    void kubelet.end(name, appStopsMs).catch((error: unknown) => say(`${name}: not ended: ${String(error)}`));
  }
  async function come(): Promise<void> {
    if (kubelet.pods().length >= pods || cordoned.size > 0) return;
    number += 1;
    const name = `web-${number}`;
    const created = await create(name, { "static-egress/pool": "partners" });
    if (created.status === "started") endsAt.set(name, performance.now() + lifeMs.least + random() * lifeMs.more);
  }
  async function makeRoom(): Promise<void> {
    const { nowMs, waiters, attachments } = await ledger.snapshot();
    for (const node of cordoned) {
      if (!attachments.some((attachment) => attachment.node === node)) cordoned.delete(node);
    }
    if (cordoned.size > 0) return;
    const oldest = waiters.find(({ position, sinceMs }) => position === 1 && nowMs - sinceMs > patienceMs);
    const busy = attachments.filter(({ state, lingerUntilMs }) => state === "attached" && lingerUntilMs === 0);
    const node = busy[Math.floor(random() * busy.length)]?.node;
    if (oldest === undefined || node === undefined) return;
    cordoned.add(node);
    say(
      `the pods of ${node} are sent away: ${oldest.pod} has waited for ${Math.round((nowMs - oldest.sinceMs) / 1000)} s`,
    );
    for (const { pod } of kubelet.pods()) if (pod.spec.nodeName === node) end(pod.metadata.name);
  }

  while (!signal.aborted) {
    try {
      await come();
      await makeRoom();
    } catch (error) {
      say(`trying again: ${error instanceof Error ? error.message : String(error)}`);
    }
    for (const [name, at] of endsAt) if (performance.now() > at) end(name);
    await after(arrivalMs.least + random() * arrivalMs.more, undefined, { signal }).catch(() => undefined);
  }
}
