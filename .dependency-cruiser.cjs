/** Which room may import which. A program is a room; what programs agree on is shared/. */
module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "shared-imports-no-program",
      severity: "error",
      from: { path: "^shared/" },
      to: { path: "^(webhook|sidecar|cli|test)/" },
    },
    {
      name: "programs-do-not-import-each-other",
      comment: "cli/demo is where the rooms meet in one process: docs/adr/0003",
      severity: "error",
      from: { path: "^(webhook|sidecar)/" },
      to: { path: "^(webhook|sidecar|cli)/", pathNot: "^$1/" },
    },
    {
      name: "cli-takes-the-rules-of-admission",
      comment: "pure, so that a command says what the webhook would: docs/adr/0003",
      severity: "error",
      from: { path: "^cli/", pathNot: "^cli/demo/" },
      to: { path: "^(webhook|sidecar)/", pathNot: "^webhook/admission/(?!route)" },
    },
    {
      name: "nothing-imports-tests",
      severity: "error",
      from: { path: "^(webhook|sidecar|cli|shared)/" },
      to: { path: "^test/" },
    },
    {
      name: "no-cloud-sdk-in-the-sidecar",
      comment: "the long-lived process: only cloud-worker, a short-lived child, loads an SDK",
      severity: "error",
      from: { path: "^sidecar/", pathNot: "^sidecar/cloud-worker" },
      to: { path: "(client-ec2|@google-cloud|google-gax|@kubernetes)", reachable: true },
    },
    {
      name: "no-key-in-the-brokered-sidecar",
      comment: "it has neither Redis nor a cloud: docs/adr/0005",
      severity: "error",
      from: { path: "^sidecar/brokered/" },
      to: {
        path: "(ioredis|^shared/clouds/(aws|gcp|memory)/|^shared/ledger/(redis/(?!url)|memory)|sidecar/cloud)",
        reachable: true,
      },
    },
    {
      name: "rules-know-no-vendor",
      severity: "error",
      from: { path: "^(shared/(pools|leases|ledger|lock)|webhook/admission)/" },
      to: { path: "(client-ec2|@google-cloud|google-gax|@kubernetes)" },
    },
    { name: "not-unresolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "no-dev-dependency-in-production",
      severity: "error",
      from: { path: "^(webhook|sidecar|cli|shared)/" },
      to: { dependencyTypes: ["npm-dev"] },
    },
  ],
  options: {
    parser: "swc",
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "require", "node", "default"] },
  },
};
