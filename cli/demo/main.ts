import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { EgressError } from "../../shared/errors.ts";
import { podCreator } from "./deployment.ts";
import { createKubelet } from "./kubelet.ts";
import { live } from "./live.ts";
import { parseDemoOptions } from "./options.ts";
import { startRedis, useRedis } from "./redis.ts";
import { playScript } from "./script.ts";
import { sidecarProcesses } from "./sidecar.ts";
import { openStage } from "./stage.ts";
import { createStory } from "./story.ts";
import { showPicture } from "./terminal.ts";
import { createTokens } from "./tokens.ts";

/** Ending takes a second or two; what still runs after this is killed. */
const endsWithinMs = 20_000;

async function main(): Promise<void> {
  const options = parseDemoOptions(process.argv);
  const redrawn = process.stdout.isTTY && !options.once;
  const story = createStory((line) => (redrawn ? undefined : process.stdout.write(`${line}\n`)));
  const stopping = new AbortController();
  const stop = (): void => {
    if (stopping.signal.aborted) return;
    stopping.abort(new Error("interrupted before its end"));
    setTimeout(() => process.exit(1), endsWithinMs).unref();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  process.stdout.on("error", stop); // whoever read has gone

  const directory = await mkdtemp(join(tmpdir(), "static-egress-demo-"));
  const log = pino({ name: "demo" }, pino.destination({ dest: join(directory, "webhook.log"), sync: true }));
  const closers: (() => Promise<void>)[] = [];
  let played = false;
  try {
    const given = process.env["REDIS_URL"];
    const redis = given ? await useRedis(given) : await startRedis(directory);
    const inMemory = typeof redis === "string";
    if (!inMemory) closers.push(() => redis.stop());

    const tokens = createTokens();
    const stage = await openStage({
      tokens: tokens.client,
      nodes: options.nodes,
      ledgerUrl: inMemory ? "memory://" : redis.url,
      installation: inMemory ? "default" : redis.installation,
      lingerSeconds: options.once ? 1 : 4,
      changeMs: options.once ? 300 : 1000,
      log,
      onEvent: ({ about, reason, message }) => story.say(`${about.name}: ${reason}: ${message}`),
      onLedgerLost: (error) => log.warn({ error: error.message }, "connection to the ledger lost"),
    });
    closers.push(() => stage.close());
    played = true;

    const volumes = join(directory, "pods");
    await mkdir(volumes);
    const script = fileURLToPath(new URL("../sidecar/main.cjs", import.meta.url));
    const kubelet = createKubelet({
      cluster: stage.cluster,
      startSidecar: sidecarProcesses(script, process.env["PATH"] ?? ""),
      tokens,
      directory: volumes,
      say: story.say,
    });
    closers.push(async () => {
      await Promise.all(kubelet.pods().map(({ pod }) => kubelet.end(pod.metadata.name, 0)));
      const { leases, waiters } = await stage.ledger.snapshot();
      const left = [...leases, ...waiters].map(({ pod }) => pod);
      if (left.length > 0) throw new Error(`still in the ledger: ${left.join(", ")}`);
    });

    const heading = [
      `page      ${stage.inspectionUrl}    metrics ${stage.inspectionUrl}metrics`,
      `webhook   ${stage.webhook.url}`,
      inMemory
        ? `ledger    IN MEMORY: NO REDIS (${redis}). It is gone with this process.`
        : `ledger    ${given ? "" : `${redis.url}, `}${redis.what}, installation ${redis.installation}`,
      "sidecars  each a process, which has its lease from the webhook: no key to Redis or cloud",
      `logs      ${directory}    Ctrl-C ends all of it`,
    ];
    if (!redrawn) process.stdout.write(`${heading.join("\n")}\n\n`);
    const podsPerNode = options.once ? options.pods : Math.ceil(options.pods / options.nodes);
    const cordoned = new Set<string>();
    const create = podCreator({ stage, kubelet, podsPerNode, cordoned, say: story.say });
    const { signal } = stopping;
    const { pods } = options;

    if (options.once) await playScript({ stage, kubelet, create, say: story.say, pods, signal });
    else {
      const hide = redrawn ? showPicture({ stage, kubelet, heading, story }) : undefined;
      const { ledger } = stage;
      await live({ kubelet, ledger, create, say: story.say, pods, cordoned, random: Math.random, signal });
      story.say("ending: every pod is deleted");
      closers.push(async () => hide?.());
    }
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`static-egress demo: ${textOf(error)}\n`);
  }
  for (const close of closers.toReversed()) {
    await close().catch((error: unknown) => {
      process.exitCode = 1;
      process.stderr.write(`static-egress demo: not ended cleanly: ${textOf(error)}\n`);
    });
  }
  if (process.exitCode === 1 && played) process.stderr.write(`The logs are kept in ${directory}\n`);
  else await rm(directory, { recursive: true, force: true });
  if (process.exitCode !== 1) process.stdout.write("ended: nothing of the demo is left\n");
}

function textOf(error: unknown): string {
  if (error instanceof EgressError) return `${error.code}: ${error.message}\n${error.fix}`;
  return error instanceof Error ? error.message : String(error);
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`static-egress demo: ${String(error instanceof Error ? error.stack : error)}\n`);
    process.exit(1);
  },
);
