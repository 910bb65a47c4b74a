export type CloudName = "aws" | "gcp";

/** One reserved static address as the cloud itself has it. */
export interface TrueAddress {
  readonly id: string;
  readonly ip: string;
  readonly cloud: CloudName;
  machine: string | null;
  association: string | null;
}

export interface TrueMachine {
  readonly id: string;
  readonly cloud: CloudName;
  readonly providerId: string;
  readonly interfaces: number;
  power: "on" | "off" | "terminated";
  /** When it was switched on last: what was decided before is not held against anybody. */
  onSinceMs: number;
  /** Its public address without a reserved one; null while it has none. */
  ephemeral: string | null;
  /** GCE: the name of its one access config; null while it has none, and then it has no public address either. */
  config: string | null;
}

/** What changed on whom, and who did it: a process' name, or "hand" for people and the cloud itself. */
export interface Change {
  readonly kind: "attach" | "detach";
  readonly address: TrueAddress;
  readonly machine: string;
  readonly by: string;
  /** The address that had to go for this one. */
  readonly displaced: TrueAddress | null;
}

export type State = Pick<Truth, "machines" | "addresses">;

/** The clouds' own record: every machine and address. `watch` hears of a change right before it is made. */
export interface Truth {
  readonly machines: Map<string, TrueMachine>;
  readonly addresses: Map<string, TrueAddress>;
  carriedBy(machine: string): TrueAddress | null;
  attach(address: string, machine: string, by: string, config?: string): void;
  detach(address: string, by: string): void;
  /** GCE: takes the machine's access config off, with whatever address it has. */
  dropConfig(machine: string, by: string): void;
  /** Another public address, as the cloud gives one by itself or for an access config without an address. */
  giveEphemeral(machine: string, config?: string): void;
  switchOff(machine: string): void;
  switchOn(machine: string): void;
  terminate(machine: string): void;
  /** As it was `agoMs` ago, for reads that answer old state. */
  before(agoMs: number): State;
}

const rememberMs = 10_000;

export function createTruth(options: {
  readonly now: () => number;
  readonly later: (afterMs: number, happen: () => void) => void;
  readonly watch: (change: Change) => void;
}): Truth {
  const { now, later, watch } = options;
  const machines = new Map<string, TrueMachine>();
  const addresses = new Map<string, TrueAddress>();
  const past: { readonly untilMs: number; readonly state: State }[] = [];
  let associations = 0;
  let ephemerals = 0;

  function remember(): void {
    while (past[0] !== undefined && past[0].untilMs < now() - rememberMs) past.shift();
    past.push({ untilMs: now(), state: { machines: copyOf(machines), addresses: copyOf(addresses) } });
  }

  function carriedBy(machine: string): TrueAddress | null {
    for (const address of addresses.values()) if (address.machine === machine) return address;
    return null;
  }

  function giveEphemeral(id: string, config?: string): void {
    const machine = machines.get(id);
    if (machine === undefined) return;
    remember();
    ephemerals += 1;
    machine.ephemeral = machine.power === "on" ? `198.18.0.${ephemerals}` : null;
    if (config !== undefined) machine.config = config;
  }

  function free(address: TrueAddress): void {
    const machine = machines.get(address.machine ?? "");
    address.machine = null;
    address.association = null;
    if (machine?.cloud === "gcp") machine.config = null;
    // With several interfaces EC2 gives no automatic address back.
    if (machine?.cloud !== "aws" || machine.power !== "on" || machine.interfaces > 1) return;
    later(2_000, () => {
      if (machine.power === "on" && carriedBy(machine.id) === null) giveEphemeral(machine.id);
    });
  }

  function detach(id: string, by: string): void {
    const address = addresses.get(id);
    if (address === undefined || address.machine === null) return;
    remember();
    watch({ kind: "detach", address, machine: address.machine, by, displaced: null });
    free(address);
  }

  return {
    machines,
    addresses,
    carriedBy,
    giveEphemeral,
    detach,
    before: (agoMs) => past.find(({ untilMs }) => untilMs > now() - agoMs)?.state ?? { machines, addresses },
    attach(id, machine, by, config) {
      const address = addresses.get(id);
      const on = machines.get(machine);
      if (address === undefined || address.machine === machine) return;
      remember();
      const displaced = carriedBy(machine);
      watch({ kind: "attach", address, machine, by, displaced });
      if (displaced !== null) Object.assign(displaced, { machine: null, association: null });
      if (address.machine !== null) free(address);
      associations += 1;
      Object.assign(address, { machine, association: `eipassoc-${associations}` });
      if (on === undefined) return;
      on.ephemeral = null;
      if (on.cloud === "gcp") on.config = config ?? on.config ?? "External NAT";
    },
    dropConfig(id, by) {
      const carried = carriedBy(id);
      if (carried !== null) {
        detach(carried.id, by);
        return;
      }
      remember();
      const machine = machines.get(id);
      if (machine !== undefined) Object.assign(machine, { ephemeral: null, config: null });
    },
    switchOff(id) {
      const machine = machines.get(id);
      if (machine !== undefined) Object.assign(machine, { power: "off", ephemeral: null });
    },
    switchOn(id) {
      const machine = machines.get(id);
      if (machine === undefined) return;
      Object.assign(machine, { power: "on", onSinceMs: now() });
      if (carriedBy(id) === null && (machine.cloud === "aws" || machine.config !== null)) giveEphemeral(id);
    },
    terminate(id) {
      const machine = machines.get(id);
      const carried = carriedBy(id);
      if (machine === undefined) return;
      remember();
      Object.assign(machine, { power: "terminated", ephemeral: null, config: null });
      if (carried !== null) Object.assign(carried, { machine: null, association: null });
    },
  };
}

function copyOf<T extends object>(rows: Map<string, T>): Map<string, T> {
  return new Map([...rows].map(([key, row]) => [key, { ...row }]));
}
