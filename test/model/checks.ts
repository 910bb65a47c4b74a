/** One run of TLC. Without a `guard` everything has to hold; with one taken out, `breaks` has to be found violated. */
export interface Check {
  readonly name: string;
  readonly guard: string;
  readonly breaks: string | null;
  readonly constants: Readonly<Record<string, number | boolean | string | readonly string[]>>;
  readonly invariants: readonly string[];
  /** Addresses are interchangeable: fewer states to look at. */
  readonly symmetric: boolean;
}

/** What a configuration does not say: one node, and nothing goes wrong. */
const base = {
  Addresses: ["a1", "a2"] as readonly string[],
  NodeCount: 1,
  PodCount: 2,
  Together: true,
  Direct: true,
  Linger: 0,
  Faults: 0,
  Starts: 2,
  Reads: 0,
  Stale: false,
  Others: false,
  Losses: 0,
  Snapshots: false,
  Terms: 1,
  ForeignOn: 0,
};

interface Configuration {
  readonly name: string;
  /** Only with --big. */
  readonly big?: true;
  readonly constants: Partial<typeof base>;
}

const invariants = ["OneNode", "Confirmed", "Kept", "Untouched", "Rebuilt"];

const one = ["a1"];
const configurations: readonly Configuration[] = [
  { name: "one node", constants: { Faults: 3, Starts: 3 } },
  { name: "one fault", constants: { Faults: 1 } },
  { name: "two nodes", constants: { Addresses: one, NodeCount: 2, Together: false, Faults: 2, Starts: 3 } },
  { name: "controller alone", constants: { Addresses: one, Direct: false, Linger: 1, Faults: 2, Reads: 1 } },
  {
    name: "inventory",
    constants: { Addresses: one, NodeCount: 2, Together: false, Faults: 1, Reads: 2, Stale: true },
  },
  { name: "other cluster", constants: { Addresses: one, Faults: 2, Reads: 1, Others: true } },
  { name: "foreign address", constants: { NodeCount: 2, Together: false, ForeignOn: 2 } },
  { name: "leaders", constants: { Addresses: one, Faults: 1, Reads: 1, Terms: 2 } },
  { name: "flush", constants: { Addresses: one, Faults: 1, Reads: 2, Losses: 1 } },
  { name: "older state", constants: { Addresses: one, Faults: 1, Starts: 3, Losses: 1, Snapshots: true } },
  { name: "two addresses", big: true, constants: { NodeCount: 2, Together: false, Faults: 2, Starts: 3 } },
  {
    name: "flush in a wider world",
    big: true,
    constants: { Addresses: one, Faults: 2, Starts: 3, Reads: 3, Losses: 1 },
  },
];

/** A guard of the model, a configuration in which it matters, and what breaks without it. */
const mutants: readonly (readonly [guard: string, configuration: string, breaks: string | null])[] = [
  ["fence", "one node", "Confirmed"],
  ["no detach with leases", "one node", "Kept"],
  ["drain", "one node", "Kept"],
  ["evidence", "one node", "Kept"],
  ["undo", "one node", "Kept"],
  ["unsure", "one node", "Kept"],
  ["failed while unsure", "one node", "Kept"],
  ["association", "one node", "Kept"],
  ["own clock", "one fault", "Kept"],
  ["recent", "inventory", "Confirmed"],
  ["ask though it seems there", "inventory", "Confirmed"],
  ["no reassociation", "other cluster", "Untouched"],
  ["read before change", "foreign address", "Untouched"],
  ["term", "leaders", "Kept"],
  ["run id", "older state", "Kept"],
  ["notice", "older state", "Kept"],
  ["epoch in fence", "flush", "Kept"],
  ["old actors", "flush", "Confirmed"],
  ["inventory of this epoch", "flush", "Rebuilt"],
  ["as of the read", "flush", "Confirmed"],
  ["restored before detach", "flush", "Rebuilt"],
  ["restored leases", "flush", "Kept"],
  ["adoption", "flush", "Rebuilt"],
  // Found redundant: the README says why. Here, so that we hear of it when one no longer is.
  ["doubt hold", "flush", null],
  ["inventory before detach", "flush", null],
  ["deadline", "two nodes", null],
];

/** The configurations with every guard in, then each with one guard taken out. */
export function checks(big: boolean): readonly Check[] {
  const chosen = configurations.filter((configuration) => big || configuration.big === undefined);
  return [
    ...chosen.map((configuration) => check(configuration, "", null)),
    ...mutants.map(([guard, name, breaks]) => {
      const configuration = configurations.find((candidate) => candidate.name === name);
      if (configuration === undefined) throw new Error(`there is no configuration '${name}'`);
      return check(configuration, guard, breaks);
    }),
  ];
}

function check({ name, constants }: Configuration, guard: string, breaks: string | null): Check {
  const all = { ...base, ...constants, Without: guard };
  return { name, guard, breaks, constants: all, invariants, symmetric: all.Addresses.length > 1 };
}
