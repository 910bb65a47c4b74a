import { complaint, matrix, tests } from "./finders.ts";
import type { Guard } from "./guard.ts";

const clouds = (name = "") => tests("conformance", "test/conformance/clouds.test.ts", name);

/** Guards towards the clouds. */
export const cloudGuards: readonly Guard[] = [
  {
    name: "AWS: another reserved address of the machine is not displaced",
    file: "shared/clouds/aws/attach.ts",
    guard: 'if (node.kind === "reserved") {',
    without: 'if (node.kind === "none" && node.kind.length > 9) {',
    finder: complaint("not ours"),
  },
  {
    name: "AWS: AllowReassociation=false",
    file: "shared/clouds/aws/calls.ts",
    guard: "AllowReassociation: false",
    without: "AllowReassociation: true",
    finder: clouds(),
  },
  {
    name: "AWS: a read that shows the address there already is not trusted",
    file: "shared/clouds/aws/attach.ts",
    guard: "if (node.egressIp !== address.ip) requireRoom(node);",
    without: "if (node.egressIp === address.ip) return { ip: address.ip, hadEphemeral: true };\n  requireRoom(node);",
    finder: complaint("old state"),
  },
  {
    name: "AWS: a change whose answer is lost is read before it is judged",
    file: "shared/clouds/aws/attach.ts",
    guard: "if (doubt !== null) await settle(",
    without: "if (doubt !== null && doubt.action.length > 99) await settle(",
    finder: matrix("start, the sidecar works/attach: worker cloud.AssociateAddress"),
  },
  {
    name: "AWS: only what is on that very machine is taken off",
    file: "shared/clouds/aws/detach.ts",
    guard: "found?.InstanceId === instanceId ? found.AssociationId : undefined",
    without: "found?.AssociationId ?? (instanceId === '' ? '' : undefined)",
    finder: clouds(),
  },
  {
    name: "AWS: a machine with several interfaces keeps its address where the pool says so",
    file: "shared/clouds/aws/detach.ts",
    guard: "if (mayKeep && node?.running === true && node.interfaces > 1) return",
    without: "if (mayKeep && node?.running === true && node.interfaces > 9) return",
    finder: complaint("two interfaces"),
  },
  {
    name: "clouds: who came too late changes nothing",
    file: "shared/clouds/still-mine.ts",
    guard: "if (stillMine?.() === false) {",
    without: "if (stillMine?.() === undefined && attempt === '') {",
    finder: clouds(),
  },
  {
    name: "GCP: another reserved address of the machine is not displaced",
    file: "shared/clouds/gcp/attach.ts",
    guard: "if (node.egressIp !== null && found.some((row) => row.address === node.egressIp)) {",
    without: "if (node.egressIp === '') {",
    finder: clouds(),
  },
  {
    name: "GCP: a node that lost its ephemeral address half way gets it back",
    file: "shared/clouds/gcp/attach.ts",
    guard:
      'if (hadEphemeral && (outcome.state === "failed" || now.config === undefined))\n        await restore(calls, node, assignment, error);',
    without: "",
    finder: clouds(),
  },
  {
    name: "GCP: only what is on that very machine is taken off",
    file: "shared/clouds/gcp/detach.ts",
    guard: "const isOurs = node.egressIp === address.ip;",
    without: "const isOurs = node.egressIp !== null || address.ip === '';",
    finder: clouds(),
  },
];
