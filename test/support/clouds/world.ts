/** The small world of the conformance suite, in the words both the fakes and the lab's emulators understand. */
export interface WorldSpec {
  readonly cloud: "aws" | "gcp";
  readonly scale: number;
  readonly pools: readonly {
    readonly name: string;
    readonly foreign?: boolean;
    readonly tier?: string;
    readonly addresses: readonly {
      readonly name: string;
      readonly ip: string;
      readonly tags: Record<string, string>;
    }[];
  }[];
  readonly nodes: readonly NodeSpec[];
}

export interface NodeSpec {
  readonly name: string;
  readonly privateIp: string;
  readonly subnet?: "public" | "private" | "private-nat";
  readonly nics?: number;
  readonly publicIp?: "none";
  readonly attached?: string;
  readonly accessConfigName?: string;
}

export const partners = [
  { name: "partners-1", ip: "203.0.113.10", tags: { pool: "partners", priority: "2" } },
  { name: "partners-2", ip: "203.0.113.9", tags: { pool: "partners", priority: "10" } },
  { name: "partners-3", ip: "203.0.113.8", tags: { pool: "partners", priority: "1" } },
] as const;

export const foreignIp = "203.0.113.200";

export function worldOf(cloud: "aws" | "gcp"): WorldSpec {
  const gcpOnly: NodeSpec[] = [
    { name: "renamed", privateIp: "10.77.0.16", accessConfigName: "external-nat" },
    { name: "bare", privateIp: "10.77.0.17", publicIp: "none" },
  ];
  const awsOnly: NodeSpec[] = [
    { name: "private", privateIp: "10.77.0.16", subnet: "private" },
    { name: "private-nat", privateIp: "10.77.0.17", subnet: "private-nat" },
  ];
  return {
    cloud,
    scale: 20,
    pools: [
      { name: "partners", addresses: partners },
      {
        name: "other",
        addresses: [{ name: "other-1", ip: "203.0.113.50", tags: { pool: cloud === "aws" ? "a=b" : "other" } }],
      },
      { name: "foreign", foreign: true, addresses: [{ name: "nat", ip: foreignIp, tags: {} }] },
      ...(cloud === "aws"
        ? []
        : [
            {
              name: "standard",
              tier: "STANDARD",
              addresses: [{ name: "standard-1", ip: "203.0.113.60", tags: { pool: "standard" } }],
            },
          ]),
    ],
    nodes: [
      { name: "node-1", privateIp: "10.77.0.11" },
      { name: "node-2", privateIp: "10.77.0.12" },
      { name: "several", privateIp: "10.77.0.13", nics: 2 },
      { name: "carrier", privateIp: "10.77.0.14", attached: "nat" },
      ...(cloud === "aws" ? awsOnly : gcpOnly),
    ],
  };
}

/** A fault as the lab's control API takes it; the fakes take the kinds that the suite uses. */
export interface Fault {
  readonly kind: "drop-before" | "drop-after" | "throttle" | "revoke" | "error" | "operation-error" | "stale-reads";
  readonly action: string;
  readonly times: number;
  readonly code?: string;
}
