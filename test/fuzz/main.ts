import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createMemoryLedger } from "../../shared/ledger/memory/ledger.ts";
import { fillPartners } from "../support/ledger-cases.ts";
import { brokerScene } from "../support/lease-api/broker-scene.ts";
import { tokenOf } from "../support/lease-api/tokens.ts";

const usage = `npm run fuzz -- [--seconds N] [--seed N]

Sends the lease API of a webhook of its own what its OpenAPI document describes, and what it does not (schemathesis, a program from
PyPI, on the PATH or named by SCHEMATHESIS). Exit code 1: an answer is not as described, or a fault (HTTP 5xx). Default: 60 seconds.
`;
/** As the document says of each; a path that is not there, or a method, are for Fastify and for webhook/app.ts. */
const checks = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_schema_conformance",
  "negative_data_rejection",
  "positive_data_acceptance",
  "ignored_auth",
].join(",");

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "60" },
      seed: { type: "string", default: "1" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const ledger = createMemoryLedger();
  await fillPartners(ledger);
  const unlimited = { most: 1_000_000_000, windowMs: 1000 };
  const scene = await brokerScene(ledger, { callLimit: unlimited, longestSleepMs: 5 });
  const folder = await mkdtemp(join(tmpdir(), "static-egress-fuzz-"));
  try {
    const ca = join(folder, "ca.crt");
    await writeFile(ca, scene.ca);
    const authorization = `Authorization: Bearer ${tokenOf({ podUid: "fuzz", node: "n1" })}`;
    const child = spawn(
      process.env["SCHEMATHESIS"] ?? "schemathesis",
      [
        "run",
        `${scene.url}/v1/openapi.json`,
        "--no-color",
        `--tls-verify=${ca}`,
        `--header=${authorization}`,
        `--checks=${checks}`,
        `--max-time=${values.seconds}`,
        `--seed=${values.seed}`,
      ],
      { stdio: "inherit", cwd: folder },
    );
    const [code] = (await once(child, "exit")) as [number | null];
    return code ?? 1;
  } finally {
    await scene.close();
    await ledger.close();
    await rm(folder, { recursive: true });
  }
}

process.exitCode = await main();
