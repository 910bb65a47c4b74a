import type { Command } from "commander";
import { readFile } from "node:fs/promises";
import { EgressError } from "../../shared/errors.ts";
import { oneLine } from "../../shared/one-line.ts";
import { parsePools } from "../../shared/pools/file.ts";
import { openCluster, type OpenCluster } from "../cluster/open-cluster.ts";
import {
  addClusterOptions,
  addLedgerOptions,
  addOutputOption,
  exitCodes,
  type ClusterOptions,
  type LedgerOptions,
  type ProgramContext,
} from "../command-options.ts";
import { asDocument, type DocumentFormat } from "../inspection/print.ts";
import {
  checkConfiguration,
  checkDeployment,
  checkPoolsMap,
  checkReach,
  checkSourceAddress,
  checkVersion,
} from "./cluster-checks.ts";
import { findingLines, findings, found, ok, type Finding } from "./finding.ts";
import { checkLedger } from "./ledger-checks.ts";
import { checkUserRights, checkWebhookRights } from "./right-checks.ts";

interface DoctorOptions extends LedgerOptions, ClusterOptions {
  readonly pools?: string;
  readonly namespace: string;
  readonly tryIn: string;
  readonly output: "text" | DocumentFormat;
}

/** `doctor`: looks at everything, says what it saw and how to mend it. */
export function addDoctor(program: Command, { env, out, exit }: ProgramContext): void {
  const command = program
    .command("doctor")
    .summary("Checks Redis, pools, cluster, rights and webhook; each finding with its fix")
    .description(
      "Checks Redis (version, eviction, clock), the ledger and its controller, pools and nodes; and where a kubeconfig names a " +
        "cluster: its version, the webhook's configuration, certificate, replicas, rights, and whether the API server reaches it " +
        "(by a dry run that creates nothing). Nothing is written.",
    )
    .option("--pools <file>", "a pools.yaml to check, too")
    .option("--namespace <name>", "where static-egress is installed", "static-egress")
    .option("--try-in <namespace>", "where the dry run would create its pod", "default")
    .allowExcessArguments(false)
    .addHelpText("after", exitCodes);
  addOutputOption(addClusterOptions(addLedgerOptions(command, env)), ["text", "json", "yaml"]).action(
    async (options: DoctorOptions) => {
      const all = await checkAll(options, env);
      const { output } = options;
      out(`${output === "text" ? findingLines(all).map(trimmed).join("\n") : asDocument(output, { findings: all })}\n`);
      if (all.some(({ verdict }) => verdict === "problem")) exit(3);
    },
  );
}

const trimmed = (line: string): string => oneLine(line).trimEnd();

async function checkAll(options: DoctorOptions, env: ProgramContext["env"]): Promise<readonly Finding[]> {
  const { pools, namespace, tryIn } = options;
  const [file, ledger, cluster] = await Promise.all([
    pools === undefined ? [] : findings("pools file", () => checkPoolsFile(pools)),
    findings("redis", () => checkLedger(options)),
    findings("kubernetes", async () => {
      const opened = await openCluster(options, env);
      if (opened !== null) return checkCluster(opened, namespace, tryIn);
      const fix = "Set KUBECONFIG, or --kubeconfig, to have the cluster checked.";
      return [found("kubernetes", "unknown", "there is no kubeconfig", fix)];
    }),
  ]);
  return [...file, ...ledger, ...cluster];
}

async function checkPoolsFile(file: string): Promise<Finding[]> {
  try {
    return [ok("pools file", `${file}: ${parsePools(await readFile(file, "utf8")).length} pools`)];
  } catch (error) {
    if (error instanceof EgressError) throw error;
    throw new EgressError("POOLS_INVALID", `${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

async function checkCluster(cluster: OpenCluster, namespace: string, tryIn: string): Promise<readonly Finding[]> {
  // Where even this fails, nothing else is asked.
  const version = await checkVersion(cluster);
  const rest = await Promise.all([
    findings("webhook", () => checkConfiguration(cluster)),
    findings("deployment", () => checkDeployment(cluster, namespace)),
    findings("pools file", () => checkPoolsMap(cluster, namespace)),
    findings("reachability", () => checkReach(cluster, tryIn)),
    findings("webhook's rights", () => checkWebhookRights(cluster, namespace)),
    findings("your rights", () => checkUserRights(cluster)),
    findings("source address", () => checkSourceAddress(cluster)),
  ]);
  return [...version, ...rest.flat()];
}
