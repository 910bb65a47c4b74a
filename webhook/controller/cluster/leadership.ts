import { V1MicroTime, type CoordinationV1Api, type V1Lease } from "@kubernetes/client-node";
import { conflict, gone, orNull } from "./answers.ts";
import type { Mirror } from "../../../shared/ledger/beat.ts";
import type { Cluster, Leadership } from "./port.ts";

/** The Lease that says which replica's controller is the active one. */
export const leaseName = "static-egress-controller";

/** `<epoch>.<sequence>` of the ledger's last beat: what a ledger that has lost something is known by. */
const mirrorAnnotation = "static-egress.io/ledger";

/** The leadership as a coordination.k8s.io Lease; its resourceVersion lets only one of two writers through. */
export function leadershipInLease(
  api: CoordinationV1Api,
  namespace: string,
): Pick<Cluster, "readLeadership" | "writeLeadership"> {
  const at = { name: leaseName, namespace };
  return {
    async readLeadership() {
      const lease = await orNull(api.readNamespacedLease(at), gone);
      return lease === null
        ? null
        : { leadership: toLeadership(lease), version: lease.metadata?.resourceVersion ?? "" };
    },
    async writeLeadership(leadership, version) {
      const body = toLease(leadership, namespace, version);
      const written =
        version === null
          ? await orNull(api.createNamespacedLease({ namespace, body }), conflict)
          : await orNull(api.replaceNamespacedLease({ ...at, body }), conflict, gone);
      return written?.metadata?.resourceVersion ?? null;
    },
  };
}

function toLeadership({ metadata, spec }: V1Lease): Leadership {
  return {
    holder: spec?.holderIdentity ?? "",
    lifeMs: (spec?.leaseDurationSeconds ?? 0) * 1000,
    acquiredAtMs: spec?.acquireTime === undefined ? 0 : new Date(spec.acquireTime).getTime(),
    renewedAtMs: spec?.renewTime === undefined ? 0 : new Date(spec.renewTime).getTime(),
    transitions: spec?.leaseTransitions ?? 0,
    mirror: toMirror(metadata?.annotations?.[mirrorAnnotation] ?? ""),
  };
}

function toMirror(text: string): Mirror | null {
  const [, epoch, sequence] = /^(\d+)\.(\d+)$/.exec(text) ?? [];
  return epoch === undefined ? null : { epoch, sequence: Number(sequence) };
}

function toLease(leadership: Leadership, namespace: string, version: string | null): V1Lease {
  const { mirror } = leadership;
  return {
    metadata: {
      name: leaseName,
      namespace,
      ...(version === null ? {} : { resourceVersion: version }),
      ...(mirror === null ? {} : { annotations: { [mirrorAnnotation]: `${mirror.epoch}.${mirror.sequence}` } }),
    },
    spec: {
      holderIdentity: leadership.holder,
      leaseDurationSeconds: Math.max(1, Math.round(leadership.lifeMs / 1000)),
      acquireTime: new V1MicroTime(leadership.acquiredAtMs),
      renewTime: new V1MicroTime(leadership.renewedAtMs),
      leaseTransitions: leadership.transitions,
    },
  };
}
