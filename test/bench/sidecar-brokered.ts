import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { podEnvironment, startSidecar } from "../integration/sidecar-scene.ts";
import { createMemoryLedger } from "../../shared/ledger/memory/ledger.ts";
import { fillPartners } from "../support/ledger-cases.ts";
import { brokerScene } from "../support/lease-api/broker-scene.ts";
import { root } from "./root.ts";
import type { BenchSettings, Row } from "./row.ts";
import { figuresAtRest, gateOpen } from "./sidecar-hold.ts";

const goals = { rssMiB: 52, anonymousMiB: 13, cpuMsPerSecond: 1 };

/** A sidecar that holds a lease by the lease API of a webhook on the loopback. */
export async function benchSidecarBrokered({ holdSeconds }: BenchSettings): Promise<Row[]> {
  const ledger = createMemoryLedger();
  await ledger.beat(null);
  await fillPartners(ledger);
  const webhook = await brokerScene(ledger);
  const directory = await mkdtemp(join(tmpdir(), "static-egress-run-"));
  const podUid = "pod-1";
  const sidecar = startSidecar(root, directory, {
    STATIC_EGRESS_BROKER_URL: webhook.url,
    STATIC_EGRESS_BROKER_CA: webhook.ca,
    STATIC_EGRESS_TOKEN_FILE: await webhook.tokenFile(podUid, "n1"),
    ...podEnvironment(podUid, "n1", directory),
  });
  const work = async (): Promise<void> => {
    const job = await ledger.begin("i-n1");
    if (job !== null) await ledger.settle("i-n1", job.fence, { outcome: "attached", hadEphemeral: true });
  };
  const controller = setInterval(() => void work(), 50);
  try {
    await gateOpen(sidecar);
    return await figuresAtRest("brokered", sidecar, holdSeconds, goals);
  } finally {
    clearInterval(controller);
    await sidecar.end("SIGTERM");
    await webhook.close();
  }
}
