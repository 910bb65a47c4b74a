import type { WaitReason } from "../ledger/records.ts";

const noAction = "Nothing to do: it takes some seconds.";

/** What a person can do about a pod that waits, by its reason. */
export const whatToDo: Readonly<Record<WaitReason, string>> = {
  "pool-unknown": "Add the pool, or correct the annotation static-egress/pool of the pod.",
  "pool-not-allowed": "Add the namespace or the service account to the pool's allow.",
  "node-unknown": "Nothing to do while the node is new; else check that it has a spec.providerID.",
  "node-other-cloud": "Use a pool of the node's own cloud, or keep the pod off this node (pool.nodes).",
  "node-other-pool": "Delete the pod, so that it is placed on another node: a node serves one pool.",
  "node-problem": "See to what the node's problem says; it is tried again by itself.",
  attaching: noAction,
  detaching: noAction,
  exhausted: "Reserve another address for the pool, or end pods that hold one.",
  quota: "End pods of the namespace that hold addresses, or raise the pool's maxAddressesPerNamespace.",
  "ledger-doubtful": "Nothing to do: the controller reads cloud and cluster again, which takes a minute or two.",
};
