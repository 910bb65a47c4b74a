import type { Metrics } from "../../shared/metrics.ts";

/** What to do about each metric, in Markdown, for docs/metrics.md. What it means is its help text in the registry. */
export const advice: Record<Exclude<keyof Metrics, "registry">, string> = {
  leases: "nothing; capacity planning",
  addresses: "`free` near 0: reserve more. `taken`: find who attached it; we do not touch it",
  attachments:
    "nothing; `lingering` for long: `onRelease` keeps them, or the cloud does not take them off (see `static-egress addresses`)",
  poolExhausted: "reserve another address, or end pods that hold one",
  podsWaiting: "above 0 for long: look at their Events, or `static-egress leases`",
  oldestWaitSeconds: "compare with the pool's usual pod start, such as 60",
  podsUnavailable: "see `EgressUnavailable`, `EgressVerifyFailed`",
  nodesRefused: "[errors.md](errors.md) for the code, `EgressConflict`, and `static-egress nodes -o wide`",
  podsNotInjected: "create them again; see `EgressNotInjected`",
  attachSeconds: "slow: the cloud is, or its calls are paced",
  releaseSeconds: "as above",
  cloudCalls: "another code than `ok` that grows: the webhook's log has the cloud's words; denied: rights",
  cloudWaitSeconds: "grows for long: too many changes for the account, or another controller uses up its quota",
  addressDowntimeSeconds: "on GCP some seconds are normal; much more: the cloud is slow",
  nodesWithoutAddress:
    "above 0 for a minute: the cloud refuses; its code is in `static_egress_cloud_calls_total` and the log",
  admissionRequests: "`fault`: the webhook's log. `deny`: a user's mistake, said in the refusal",
  admissionSeconds: "above 1 s: CPU of the webhook",
  apiRefused:
    "`LEASE_SECRET_WRONG` now and then: a sidecar was restarted. `TOKEN_REFUSED`, `TOKEN_OTHER_AUDIENCE`, steadily: somebody " +
    "tries; the webhook's log. `RATE_LIMITED`: a pod calls more than 100 times in 10 s, or more than 1,000 tokens from one " +
    "network address wait for their review; a sidecar of ours does neither, and asks again later",
  controllerLeading: "the sum over replicas is 1; 0 for a minute: the log of the replicas, rights on Leases",
  controllerSweeps: "only codes other than `ok` for a minute: Redis",
  sweepSeconds: "grows with what changed; above 1 s: Redis is slow",
  inventoryReads: "not `ok`: rights, or the pool's `select`",
  repairs: "`attached again` without your doing: somebody else changes our addresses",
  leasesEnded: "`node-unreachable`: nodes fall silent",
  renewalsLate: "the node cannot reach the webhook or, in direct mode, Redis",
  ledgerErrors: "Redis, or the way to it",
  ledgerDoubts:
    "[When Redis was lost](operations.md#when-redis-was-lost); often: your Redis is not durable enough for your taste",
  ledgerDoubtful:
    "it ends two minutes after the last sign; for longer: signs keep coming, or a pool's inventory cannot be read",
  leasesRestored: "as many as pods run: all is well",
  poolsInvalid: "correct it: the log and `/readyz` list the problems",
  certificateExpiry: "less than three days off: rights on the Secret `static-egress-ca`, or who renews your files",
};
