import type { PodEvent, PodFacts } from "../cluster/pod-facts.ts";
import { duration } from "../../shared/inspection/duration.ts";
import type { Holding, LedgerStory } from "./pod-story.ts";
import { waitingLines } from "./waiting.ts";

/** All that could be learnt of a pod. What was not asked is null, and `notes` say why. */
export interface PodStory {
  readonly pod: string;
  readonly nowMs: number;
  readonly kubernetes: PodFacts | null;
  readonly ledger: LedgerStory | null;
  /** Where there is no such pod: how the webhook refused it. */
  readonly refusals: readonly PodEvent[];
  readonly notes: readonly string[];
}

/** The story for people: what Kubernetes knows of the pod, what admission did, what it holds or waits for, what happened. */
export function storyLines({ pod, nowMs, kubernetes, ledger, refusals, notes }: PodStory): string[] {
  return [
    `Pod ${pod}`,
    ...(kubernetes === null ? [] : kubernetesLines(kubernetes, nowMs)),
    ...(refusals.length === 0 ? [] : ["  admission: refused: there is no such pod, and the webhook says why"]),
    ...refusals.map((event) => eventLine(event, nowMs)),
    ...(ledger === null || (ledger.podUid === null && refusals.length > 0) ? [] : ledgerLines(ledger, kubernetes)),
    ...(ledger === null ? [] : historyLines(ledger.history, ledger.nowMs)),
    ...(kubernetes === null || kubernetes.events.length === 0
      ? []
      : ["Events", ...kubernetes.events.map((event) => eventLine(event, nowMs))]),
    ...notes.map((note) => `Note: ${note}`),
  ];
}

function kubernetesLines({ phase, node, createdMs, deletedMs, pool, admission }: PodFacts, nowMs: number): string[] {
  const ends = deletedMs === null ? "" : ", terminating";
  const place = node === null ? "not on a node yet" : `on node ${node}`;
  return [
    `  state:     ${phase}${ends}, ${place}, created ${duration(nowMs - createdMs)} ago`,
    `  asks:      ${pool === null ? "for no pool" : `for an address of pool ${pool}`}`,
    `  admission: ${admission.outcome}: ${admission.sentence}`,
    ...(admission.todo === null ? [] : [`  to do:     ${admission.todo}`]),
  ];
}

function ledgerLines({ holding, waiting, pool, nowMs }: LedgerStory, kubernetes: PodFacts | null): string[] {
  if (holding !== null) return holdingLines(holding, nowMs);
  if (waiting !== null) return waitingLines(waiting, pool ?? undefined, nowMs);
  const isDue = kubernetes?.admission.outcome === "injected";
  const begins = "it asks once its sidecar runs; see kubectl logs -c static-egress-lease";
  return [`  lease:     none, and it does not wait for one${isDue ? `: ${begins}` : ""}`];
}

function holdingLines(holding: Holding, nowMs: number): string[] {
  const { state, pool, node, sinceMs, expiresAtMs, address, addressState, attachedSinceMs, sharedWith } = holding;
  const left = expiresAtMs - nowMs;
  const ends = left >= 0 ? `ends in ${duration(left)} unless renewed` : `not renewed in time, for ${duration(-left)}`;
  const since = attachedSinceMs === null ? "" : ` for ${duration(nowMs - attachedSinceMs)}`;
  return [
    `  lease:     ${state} for ${duration(nowMs - sinceMs)} in pool ${pool}, ${ends}`,
    `  address:   ${address ?? "not confirmed yet"} (${addressState}${since}) on node ${node}`,
    `  shared:    ${sharedWith.length === 0 ? "with no other pod" : `with ${sharedWith.join(", ")}`}`,
    ...(holding.problem === null ? [] : [`  problem:   ${holding.problem}`]),
    ...(holding.note === null ? [] : [`  note:      ${holding.note}`]),
  ];
}

function eventLine({ reason, message, count, lastMs }: PodEvent, nowMs: number): string {
  const often = count > 1 ? ` (${count} times)` : "";
  return `  ${duration(nowMs - lastMs)} ago  ${reason}${often}: ${message}`;
}

const mostHistoryShown = 20;

/** The newest; an attach with how long it took. */
function historyLines(history: LedgerStory["history"], nowMs: number): string[] {
  if (history === null) return ["Note: this Redis user may not read the history (docs/ledger.md)"];
  if (history.length === 0) return [];
  const lines = history.map(({ kind, atMs, ip, node, machine, code }, index) => {
    const begun = history.slice(0, index).findLast((entry) => entry.machine === machine && entry.kind === "attaching");
    const took =
      kind === "attached" && begun !== undefined ? `, after ${((atMs - begun.atMs) / 1000).toFixed(1)} s` : "";
    return `  ${duration(nowMs - atMs)} ago  ${kind} ${ip} on node ${node}${code === undefined ? "" : `: ${code}`}${took}`;
  });
  const left = lines.length - mostHistoryShown;
  return ["History", ...(left > 0 ? [`  ... ${left} before`, ...lines.slice(left)] : lines)];
}
