import { createMemoryCloud } from "../../../shared/clouds/memory/cloud.ts";
import type { CloudCall } from "../../../shared/clouds/port.ts";
import { poolSchema } from "../../../shared/pools/schema.ts";
import type { CloudUnderTest, Traits } from "./harness.ts";
import { foreignIp, partners } from "./world.ts";

export const memoryTraits: Traits = {
  name: "memory",
  wire: false,
  losesEphemeral: true,
  privateNodes: ["private"],
  foreignProviderId: "aws:///eu-west-1a/i-0123456789abcdef0",
  filter: { other: "", wrong: "" },
  change: { attach: "attach", detach: "detach" },
  calls: { attach: ["attach"], again: ["attach"], detach: ["detach"] },
};

export function startMemory(): Promise<CloudUnderTest> {
  const calls: CloudCall[] = [];
  const cloud = createMemoryCloud({
    onCall: (call) => void calls.push(call),
    nodes: [
      { name: "node-1" },
      { name: "node-2" },
      { name: "several", interfaces: 2 },
      { name: "carrier", foreignIp },
      { name: "private", subnet: "private" },
    ],
  });
  return Promise.resolve({
    cloud,
    calls,
    pool: (more) => ({
      ...poolSchema.parse({
        name: "partners",
        cloud: "memory",
        region: "nowhere",
        select: { addresses: partners.map(({ ip }) => ip) },
        orderBy: "ip",
      }),
      ...more,
    }),
    machine: (name) => ({ id: name, providerId: `memory:///${name}` }),
    egressIp: (name) => Promise.resolve(cloud.state.nodes.get(name)?.egressIp ?? null),
    holder: (ip) => Promise.resolve(cloud.state.holders.get(ip) ?? null),
    fault: () => Promise.reject(new Error("there is no wire to put a fault on")),
    close: () => Promise.resolve(),
  });
}
