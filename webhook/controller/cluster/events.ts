import { createHash } from "node:crypto";
import { PatchStrategy, setHeaderOptions, type CoreV1Api, type CoreV1Event } from "@kubernetes/client-node";
import { oneLine } from "../../../shared/one-line.ts";
import { conflict, gone, orNull } from "./answers.ts";
import type { ClusterEvent } from "./port.ts";

const component = "static-egress";
/** Where `kubectl describe node` looks for a node's Events. */
const nodeEventsNamespace = "default";

/** The same object and reason always get the same name: so they are one Event, whichever replica writes it. */
export function eventName({ about, reason }: Pick<ClusterEvent, "about" | "reason">): string {
  const hash = createHash("sha256").update(`${about.kind}/${about.uid}/${reason}`).digest("hex").slice(0, 16);
  return `${about.name.slice(0, 200)}.${hash}`;
}

/** Creates the Event, or counts up the one that is there. Nothing when the namespace has gone. */
export async function reportEvent(api: CoreV1Api, told: ClusterEvent, now: Date): Promise<void> {
  const event = { ...told, message: oneLine(told.message).slice(0, 1024) };
  const namespace = event.about.namespace ?? nodeEventsNamespace;
  const name = eventName(event);
  const created = await orNull(
    api.createNamespacedEvent({ namespace, body: toEvent(event, name, now) }),
    conflict,
    gone,
  );
  if (created !== null) return;
  const known = await orNull(api.readNamespacedEvent({ name, namespace }), gone);
  if (known === null) return;
  const body = { count: (known.count ?? 1) + 1, lastTimestamp: now, message: event.message };
  await orNull(api.patchNamespacedEvent({ name, namespace, body }, mergePatch), gone);
}

export const mergePatch = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);

function toEvent({ about, type, reason, message }: ClusterEvent, name: string, now: Date): CoreV1Event {
  const namespace = about.namespace ?? nodeEventsNamespace;
  const { kind, uid } = about;
  return {
    metadata: { name, namespace },
    involvedObject: {
      apiVersion: "v1",
      kind,
      name: about.name,
      uid,
      ...(about.namespace === null ? {} : { namespace: about.namespace }),
    },
    type,
    reason,
    message,
    count: 1,
    firstTimestamp: now,
    lastTimestamp: now,
    source: { component },
    reportingComponent: component,
  };
}
