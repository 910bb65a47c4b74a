import { region } from "./ec2.ts";
import { place } from "./gce.ts";
import type { History } from "./history.ts";
import type { Truth } from "./truth.ts";

type NodeSetting = History["setting"]["nodes"][number];

export interface NewMachine {
  readonly id: string;
  readonly providerId: string;
  readonly region: string;
}

/** Makes machines. On GCE the next one of a name has its predecessor's providerID, and another number. */
export function createMachines(truth: Truth): (name: string, setting: NodeSetting) => NewMachine {
  let count = 0;
  return (name, { cloud, interfaces, carries }) => {
    count += 1;
    const id = cloud === "aws" ? `i-${count.toString(16).padStart(3, "0")}` : `${name}.${1000 + count}`;
    const providerId = cloud === "aws" ? `aws:///${region}a/${id}` : `gce://${place.project}/${place.zone}/${name}`;
    const config = cloud === "gcp" && carries !== "none" ? "external-nat" : null;
    const ephemeral = cloud === "gcp" && carries === "none" ? null : `198.18.1.${count}`;
    truth.machines.set(id, { id, cloud, providerId, interfaces, power: "on", onSinceMs: 0, ephemeral, config });
    if (carries === "foreign") {
      const foreign = `foreign-${count}`;
      truth.addresses.set(foreign, { id: foreign, ip: `192.0.2.${count}`, cloud, machine: null, association: null });
      truth.attach(foreign, id, "hand");
    }
    return { id, providerId, region: cloud === "aws" ? region : place.region };
  };
}
