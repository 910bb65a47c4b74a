import { readFileSync } from "node:fs";
import { admit } from "../../webhook/admission/admit.ts";
import { readReview } from "../../webhook/admission/review.ts";
import { admissionSettings, fixtures } from "../support/admission-settings.ts";
import { cpuMs, imageFlags, rssMiB, startServers, type Server } from "./admission-servers.ts";
import { load, type LoadResult } from "./https-load.ts";
import { loadedCloudSdks } from "./loaded-sdks.ts";

export interface AdmissionFigures {
  readonly bodyBytes: number;
  readonly rounds: number;
  /** What node was started with: the image's. */
  readonly flags: readonly string[];
  /** Medians of the rounds. */
  readonly webhook: ServerFigures;
  readonly bare: ServerFigures;
  /** Medians of each round's ratio. The rate's: of the rounds in which a rate held for both; NaN when there was none. */
  readonly rateRatio: number;
  readonly p99Ratio: number;
  /** CPU time a request of the bare server, over ours: the rate ratio that a quiet machine would show. */
  readonly cpuRatio: number;
  /** Scripts with a cloud SDK that the webhook has loaded. */
  readonly cloudSdks: readonly string[];
}

interface Round {
  readonly at200: LoadResult;
  /** The highest rate whose p99 stayed under 50 ms; undefined when none of those tried did. */
  readonly highest: LoadResult | undefined;
  /** The server's own CPU time for one request when it is saturated: what neighbours on the machine disturb least. */
  readonly cpuMicros: number;
}

interface ServerFigures {
  readonly p50At200Ms: number;
  readonly p99At200Ms: number;
  /** Of the rounds in which a rate held; NaN when there was none. */
  readonly highestRate: number;
  readonly roundsHeld: number;
  readonly cpuMicros: number;
  /** After the last round. */
  readonly rssMiB: number;
}

const p99LimitMs = 50;
const rounds = 3;

/**
 * Measures dist/webhook (build it first) against a bare node:https server that reads the body and answers a constant of the
 * same size: in turns, as a shared machine is not the same one minute later.
 */
export async function benchAdmission(): Promise<AdmissionFigures> {
  const body = reviewBody();
  const answer = JSON.stringify(admit(readReview(JSON.parse(body)), admissionSettings).reply);
  const cloudSdks = await loadedCloudSdks(body);
  const servers = await startServers({ body, answer });
  try {
    const bare: Round[] = [];
    const webhook: Round[] = [];
    for (let round = 0; round < rounds; round++) {
      bare.push(await measure(servers.bare));
      webhook.push(await measure(servers.webhook));
    }
    const ratio = (of: (round: Round) => number, over = webhook, under = bare): number =>
      median(over.map((round, index) => of(round) / of(under[index] ?? round)));
    return {
      bodyBytes: Buffer.byteLength(body),
      rounds,
      flags: imageFlags(),
      webhook: figures(webhook, servers.webhook),
      bare: figures(bare, servers.bare),
      rateRatio: ratio(rateOf),
      p99Ratio: ratio(({ at200 }) => at200.p99Ms),
      cpuRatio: ratio(({ cpuMicros }) => cpuMicros, bare, webhook),
      cloudSdks,
    };
  } finally {
    await servers.close();
  }
}

/** A Deployment's pod as the API server sends it: compact, with managed fields. */
function reviewBody(): string {
  const review = JSON.parse(readFileSync(new URL("generate-name/review.json", fixtures), "utf8")) as {
    request: { object: { metadata: Record<string, unknown> } };
  };
  const fields = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`f:field${index}`, { "f:value": {} }]));
  review.request.object.metadata["managedFields"] = [{ manager: "kube-controller-manager", fieldsV1: fields }];
  return JSON.stringify(review);
}

async function measure(server: Server): Promise<Round> {
  const { target } = server;
  await load(target, { seconds: 2, concurrency: 32 });
  const at200 = await load(target, { seconds: 6, rate: 200 });
  const before = cpuMs(server);
  const seconds = 4;
  const saturated = await load(target, { seconds, concurrency: 32 });
  const cpuMicros = ((cpuMs(server) - before) * 1000) / (saturated.rate * seconds);
  let highest: LoadResult | undefined;
  for (const share of [1.1, 1.05, 1, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.35, 0.2]) {
    const tried = await load(target, { seconds: 3, rate: Math.round(saturated.rate * share) });
    if (tried.p99Ms >= p99LimitMs || tried.failures > 0) continue;
    highest = tried;
    break;
  }
  return { at200, highest, cpuMicros };
}

function figures(all: readonly Round[], server: Server): ServerFigures {
  return {
    p50At200Ms: median(all.map(({ at200 }) => at200.p50Ms)),
    p99At200Ms: median(all.map(({ at200 }) => at200.p99Ms)),
    highestRate: median(all.map(rateOf)),
    roundsHeld: all.filter(({ highest }) => highest !== undefined).length,
    cpuMicros: median(all.map(({ cpuMicros }) => cpuMicros)),
    rssMiB: rssMiB(server),
  };
}

function rateOf({ highest }: Round): number {
  return highest?.rate ?? Number.NaN;
}

/** Of those that are numbers, two digits after the point. */
function median(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b);
  const upper = known[Math.floor(known.length / 2)] ?? Number.NaN;
  const lower = known[Math.ceil(known.length / 2) - 1] ?? Number.NaN;
  return Math.round(((upper + lower) / 2) * 100) / 100;
}
