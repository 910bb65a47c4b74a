import { InvalidArgumentError, type Command } from "commander";
import { codeOf, EgressError } from "../../shared/errors.ts";
import { oneLine } from "../../shared/one-line.ts";
import { openCluster, type OpenCluster } from "../cluster/open-cluster.ts";
import { readPodFacts, readRefusals, type PodEvent, type PodFacts } from "../cluster/pod-facts.ts";
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
import { readFrom } from "../inspection/read-ledger.ts";
import { readStory, type LedgerStory } from "./pod-story.ts";
import { storyLines, type PodStory } from "./story-text.ts";
import { readWaiting, waitingText, type WaitingFilter } from "./why-waiting.ts";

interface WhyOptions extends LedgerOptions, WaitingFilter {
  readonly output: "text" | "name" | DocumentFormat;
}

/** `why-waiting`: all pods that wait. */
export function addWhyWaiting(program: Command, { env, out }: ProgramContext): void {
  const command = program
    .command("why-waiting")
    .summary("Pods that wait: why, at which place, who holds the addresses, what to do")
    .description(
      "Pods that wait for an address, in the order of the queue: why, at which place, who holds the addresses, what to do. " +
        "Straight from Redis; nothing is written.",
    )
    .option("--pool <name>", "only of this pool")
    .option("--namespace <name>", "only of this namespace")
    .allowExcessArguments(false)
    .addHelpText("after", exitCodes);
  addOutputOption(addLedgerOptions(command, env), ["text", "json", "yaml", "name"]).action(
    async (options: WhyOptions) => {
      const report = await readFrom(options, (ledger) => readWaiting(ledger, options));
      const { output } = options;
      if (output === "name") for (const { pod } of report.waiting) out(`${oneLine(pod)}\n`);
      else if (output === "text") out(`${lines(waitingText(report).split("\n"))}\n`);
      else out(`${asDocument(output, report)}\n`);
    },
  );
}

interface ExplainOptions extends LedgerOptions, ClusterOptions {
  readonly output: "text" | DocumentFormat;
}

/** `explain pod NAMESPACE/NAME`. */
export function addExplain(program: Command, { env, out }: ProgramContext): void {
  const explain = program.command("explain").summary("The whole story of a pod").allowExcessArguments(false);
  const command = explain
    .command("pod")
    .summary("The whole story of a pod")
    .description(
      "The whole story of a pod: what admission did, its lease or its place in the queue and who holds the addresses, and what " +
        "happened. From Redis, and from the cluster where a kubeconfig names one. Nothing is written.",
    )
    .argument("<namespace/name>", "the pod", podName)
    .allowExcessArguments(false)
    .addHelpText("after", exitCodes);
  addOutputOption(addClusterOptions(addLedgerOptions(command, env)), ["text", "json", "yaml"]).action(
    async (pod: PodName, options: ExplainOptions) => {
      const story = await storyOf(pod, options, env);
      out(`${options.output === "text" ? lines(storyLines(story)) : asDocument(options.output, story)}\n`);
    },
  );
}

const lines = (texts: readonly string[]): string => texts.map(oneLine).join("\n");

interface PodName {
  readonly namespace: string;
  readonly name: string;
}

function podName(text: string): PodName {
  const [namespace = "", name = "", ...more] = text.split("/");
  if (namespace === "" || name === "" || more.length > 0) {
    throw new InvalidArgumentError("accepted: NAMESPACE/NAME, such as payments/biller-1");
  }
  return { namespace, name };
}

/** Throws what both sides said when neither could be asked, and POD_UNKNOWN when neither knows the pod. */
async function storyOf(
  { namespace, name }: PodName,
  options: ExplainOptions,
  env: ProgramContext["env"],
): Promise<PodStory> {
  const pod = `${namespace}/${name}`;
  const notes: string[] = [];
  const cluster = await orNote<OpenCluster | null>(openCluster(options, env), notes);
  if (cluster === null && notes.length === 0) notes.push("there is no kubeconfig: only the ledger was asked");
  const kubernetes =
    cluster === null ? null : await orNote<PodFacts | null>(readPodFacts(cluster, namespace, name), notes);
  const refusals =
    cluster === null || kubernetes !== null || notes.length > 0
      ? []
      : ((await orNote<PodEvent[]>(readRefusals(cluster, namespace, name), notes)) ?? []);
  let ledgerFailure: unknown;
  const ledger = await readFrom(options, (opened) => readStory(opened, pod, kubernetes?.uid)).catch(
    (error: unknown): LedgerStory | null => {
      if (codeOf(error) === undefined || codeOf(error) === "CONFIG_INVALID") throw error;
      ledgerFailure = error;
      return null;
    },
  );
  if (ledger === null) {
    // Nothing else is known: what failed is the answer.
    if (kubernetes === null && refusals.length === 0) throw withNotes(ledgerFailure, notes);
    notes.push(`the ledger was not asked: ${sentence(ledgerFailure)}`);
  }
  if (kubernetes === null && refusals.length === 0 && ledger !== null && ledger.podUid === null) {
    const seen = cluster === null ? "" : "; Kubernetes has no such pod either";
    throw new EgressError("POD_UNKNOWN", `no pod ${pod} holds a lease or waits for one${seen}`);
  }
  if (kubernetes === null && cluster !== null && notes.length + refusals.length === 0)
    notes.push("Kubernetes has no such pod any more");
  return { pod, nowMs: ledger?.nowMs ?? Date.now(), kubernetes, ledger, refusals, notes };
}

/** What failed, and what else could not be asked. */
function withNotes(error: unknown, notes: readonly string[]): unknown {
  if (!(error instanceof EgressError)) return error;
  const { code, message, fix } = error;
  return new EgressError(code, [message, ...notes.map((note) => note.replace(/\.$/, ""))].join("; "), {
    cause: error,
    fix,
  });
}

/** Null, and a note that says why, for what could not be asked. */
async function orNote<T>(answer: Promise<T>, notes: string[]): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    notes.push(`Kubernetes was not asked: ${sentence(error)}`);
    return null;
  }
}

const sentence = (error: unknown): string =>
  error instanceof EgressError ? `${error.code}: ${error.message.replace(/\.$/, "")}. ${error.fix}` : String(error);
