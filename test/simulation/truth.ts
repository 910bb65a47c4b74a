/** One reserved address as the cloud itself has it. */
export interface TrueAddress {
  readonly id: string;
  readonly ip: string;
  machine: string | null;
  association: string | null;
}

export interface TrueMachine {
  readonly id: string;
  readonly providerId: string;
  readonly interfaces: number;
  power: "on" | "off" | "terminated";
  /** When it was switched on last: what was decided before is not held against anybody. */
  onSinceMs: number;
  /** Its public address without a reserved one; null while it has none. */
  ephemeral: string | null;
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

/** The cloud's own record: every machine and address. `watch` hears of a change right before it is made. */
export interface Truth {
  readonly machines: Map<string, TrueMachine>;
  readonly addresses: Map<string, TrueAddress>;
  carriedBy(machine: string): TrueAddress | null;
  attach(address: string, machine: string, by: string): void;
  detach(address: string, by: string): void;
  terminate(machine: string): void;
  /** As it was `agoMs` ago, for reads that answer old state. */
  before(agoMs: number): Pick<Truth, "machines" | "addresses">;
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
  const past: { readonly untilMs: number; readonly state: Pick<Truth, "machines" | "addresses"> }[] = [];
  let associations = 0;
  let ephemerals = 0;

  function remember(): void {
    while (past[0] !== undefined && past[0].untilMs < now() - rememberMs) past.shift();
    past.push({ untilMs: now(), state: structuredClone({ machines, addresses }) });
  }

  function carriedBy(machine: string): TrueAddress | null {
    for (const address of addresses.values()) if (address.machine === machine) return address;
    return null;
  }

  function free(address: TrueAddress): void {
    const machine = machines.get(address.machine ?? "");
    address.machine = null;
    address.association = null;
    // With several interfaces EC2 gives no automatic address back.
    if (machine?.power !== "on" || machine.interfaces > 1) return;
    later(2_000, () => {
      if (machine.power !== "on" || carriedBy(machine.id) !== null) return;
      ephemerals += 1;
      machine.ephemeral = `198.18.0.${ephemerals}`;
    });
  }

  return {
    machines,
    addresses,
    carriedBy,
    before: (agoMs) => past.find(({ untilMs }) => untilMs > now() - agoMs)?.state ?? { machines, addresses },
    attach(id, machine, by) {
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
      if (on !== undefined) on.ephemeral = null;
    },
    detach(id, by) {
      const address = addresses.get(id);
      if (address === undefined || address.machine === null) return;
      remember();
      watch({ kind: "detach", address, machine: address.machine, by, displaced: null });
      free(address);
    },
    terminate(id) {
      const machine = machines.get(id);
      const carried = carriedBy(id);
      if (machine === undefined) return;
      machine.power = "terminated";
      machine.ephemeral = null;
      if (carried !== null) {
        remember();
        Object.assign(carried, { machine: null, association: null });
      }
    },
  };
}
