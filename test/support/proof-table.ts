import { readdirSync, readFileSync } from "node:fs";
import type { Results } from "../soak/results.ts";

interface Tried {
  readonly kind: string;
  readonly tried: number;
  readonly survived: number;
  readonly medianSeconds: number;
  readonly worstSeconds: number;
}
interface MatrixResult {
  readonly cases: number;
  readonly failed: number;
  readonly byFault: readonly Tried[];
}
interface SimulationResult {
  readonly histories: number;
  readonly virtualHours: number;
  readonly broken: readonly string[];
  readonly faults: Readonly<Record<string, number>>;
}
interface ModelResult {
  readonly states: number;
  readonly rows: readonly { readonly guard: string; readonly breaks: string | null; readonly good: boolean }[];
}

const result = <T>(path: string): T => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")) as T;
const many = (count: number): string => count.toLocaleString("en-US");

const soonSeconds = 15;

function named(kinds: readonly (readonly [string, Results["faults"][string]])[], withTimes = false): string {
  if (kinds.length === 0) return "none";
  return kinds
    .map(([kind, { medianSeconds, worstSeconds }]) =>
      withTimes ? `${kind} (${medianSeconds} s, at worst ${worstSeconds})` : kind,
    )
    .join(", ");
}

/** One run of the soak per cloud, as `npm run soak -- --save test/soak/last.CLOUD.json` leaves it. */
function soakRows(): string[][] {
  const files = readdirSync(new URL("../soak", import.meta.url)).filter((name) => /^last\.\w+\.json$/.test(name));
  return files.toSorted().flatMap((file) => {
    const soak = result<Results>(`test/soak/${file}`);
    const { cloud, faults, nodeDowntime: down } = soak;
    const kinds = Object.entries(faults);
    const soon = kinds.filter(([, { worstSeconds }]) => (worstSeconds ?? Infinity) <= soonSeconds);
    const long = kinds.filter((kind) => !soon.includes(kind));
    const count = Object.values(faults).reduce((sum, kind) => sum + kind.count, 0);
    return [
      [
        `soak, ${cloud} of the lab: ${soak.nodes} nodes, ${soak.minutes} minutes`,
        `${count} faults, ${soak.workloadsStarted} workloads, ${many(soak.flows.total)} flows: ${soak.flows.wrong} from a wrong address, ${soak.violations.length} violations`,
        "`npm run soak`",
      ],
      [`soak, ${cloud}: repaired within ${soonSeconds} s each time`, named(soon), ""],
      [`soak, ${cloud}: took longer`, named(long, true), ""],
      [
        `soak, ${cloud}: node without any public address`,
        `${down.totalSeconds} s in ${soak.attached} attaches and ${soak.detached} detaches, at worst ${down.longestSeconds} s at a time`,
        "",
      ],
    ];
  });
}

/** README's table of the proof, out of what the long runs have left as data: a test holds it to them. */
export function proofTable(): string {
  const matrix = result<MatrixResult>("test/matrix/last.json");
  const simulation = result<SimulationResult>("test/simulation/last.json");
  const model = result<ModelResult>("docs/model/last.json");
  const faults = Object.values(simulation.faults).reduce((sum, count) => sum + count, 0);
  const mutants = model.rows.filter(({ guard }) => guard !== "");
  const rows = [
    [
      "fault matrix: steps times faults",
      `${many(matrix.cases)} cases, ${many(matrix.failed)} not survived`,
      "`npm run matrix`",
    ],
    ...matrix.byFault.map(({ kind, tried, survived, medianSeconds, worstSeconds }) => [
      `fault matrix: ${kind}`,
      `${many(survived)} of ${many(tried)} survived; ${medianSeconds} s until repaired, at worst ${worstSeconds} s`,
      "",
    ]),
    [
      "simulation: random histories",
      `${many(simulation.histories)} over ${many(simulation.virtualHours)} hours with ${many(faults)} faults of ${Object.keys(simulation.faults).length} kinds, ${simulation.broken.length} broken`,
      "`npm run simulate`",
    ],
    ...soakRows(),
    [
      "model: distinct states",
      `${many(model.states)}; ${mutants.filter(({ breaks }) => breaks !== null).length} of ${mutants.length} guards, taken out, break an invariant, the others are explained`,
      "`npm run model`",
    ],
  ];
  return ["| what | result | command |", "|---|---|---|", ...rows.map((cells) => `| ${cells.join(" | ")} |`)].join(
    "\n",
  );
}
