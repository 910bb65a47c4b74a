import { userInfo } from "node:os";
import type { Command } from "commander";
import { EgressError } from "../../shared/errors.ts";
import { duration } from "../../shared/inspection/duration.ts";
import type { Ledger } from "../../shared/ledger/port.ts";
import type { Lease } from "../../shared/ledger/records.ts";
import { oneLine } from "../../shared/one-line.ts";
import { addLedgerOptions, exitCodes, type LedgerOptions, type ProgramContext } from "../command-options.ts";
import { readFrom } from "../inspection/read-ledger.ts";

interface ActOptions extends LedgerOptions {
  readonly yes?: true;
  readonly force?: true;
}

/** What is about to be done: said before it is asked for, and again in the audit line. */
interface Deed {
  readonly deed: "release" | "detach";
  readonly about: string;
  readonly leases: readonly Lease[];
  /** False: what it was meant for is not there any more, and nothing was changed. */
  readonly act: () => Promise<boolean>;
}

type Find = (ledger: Ledger, nowMs: number, force: boolean) => Promise<Deed>;

/** `release --lease POD-UID` and `detach --node NODE`: ends leases by hand. */
export function addActs(program: Command, context: ProgramContext): void {
  const release = program
    .command("release")
    .summary("Ends the lease of a pod that has gone, or takes a pod out of the queue")
    .description(
      "Ends the lease of a pod that has gone, or takes a pod out of the queue. The controller does it by itself once it knows that the " +
        "pod has gone. A lease that is still renewed is left alone without --force: its pod would acquire again at once, maybe another " +
        "address.",
    )
    .requiredOption("--lease <pod-uid>", "whose; see static-egress leases -o wide");
  addAct(
    release,
    context,
    ({ lease }) =>
      (ledger, nowMs, force) =>
        releaseOf(ledger, lease ?? "", nowMs, force),
  );
  const detach = program
    .command("detach")
    .summary("Ends every lease on a node, so that the controller takes its address off")
    .description(
      "Ends every lease on a node, so that the controller takes its address off after the pool's lingerSeconds, or keeps it there where " +
        "the pool's onRelease says so. Leases that are still renewed are left alone without --force: drain the node first (kubectl " +
        "drain), or its pods take an address again at once.",
    )
    .requiredOption("--node <name>", "which; see static-egress nodes");
  addAct(
    detach,
    context,
    ({ node }) =>
      (ledger, nowMs, force) =>
        detachOf(ledger, node ?? "", nowMs, force),
  );
}

function addAct(
  command: Command,
  context: ProgramContext,
  findOf: (options: { readonly lease?: string; readonly node?: string }) => Find,
): void {
  addLedgerOptions(command, context.env)
    .option("--force", "also what is still renewed")
    .option("--yes", "do not ask; needed where there is no terminal")
    .allowExcessArguments(false)
    .addHelpText("after", exitCodes)
    .action(async (options: ActOptions & { readonly lease?: string; readonly node?: string }) => {
      await readFrom(options, async (ledger) => {
        const figures = await ledger.figures();
        // No such installation: nothing is tried.
        if (figures.epoch === "") return figures;
        const deed = await findOf(options)(ledger, figures.nowMs, options.force === true);
        await carryOut(deed, options, context);
        return figures;
      });
    });
}

async function carryOut(deed: Deed, options: ActOptions, { ask, audit, out }: ProgramContext): Promise<void> {
  const lines = deed.leases.map(({ pod, podUid, state, node }) =>
    oneLine(`  ${pod} (${podUid}), ${state}, on ${node}`),
  );
  out(`${[oneLine(deed.about), ...lines].join("\n")}\n`);
  if (options.yes !== true && (await ask("Type yes to do it: ")) !== "yes") {
    throw new EgressError("CONFIG_INVALID", "nothing was changed: it was not confirmed", {
      fix: "Type yes when asked, or give --yes where there is no terminal.",
    });
  }
  const done = await deed.act();
  const pods = deed.leases.map(({ pod, podUid }) => ({ pod, podUid }));
  const { installation, force = false } = options;
  const by = userInfo().username;
  audit({ at: new Date().toISOString(), audit: deed.deed, done, by, installation, about: deed.about, pods, force });
  if (done) out("Done.\n");
  else throw new EgressError("LEASE_LIVE", "nothing was changed: the lease was renewed, or ended, meanwhile");
}

async function releaseOf(ledger: Ledger, uid: string, nowMs: number, force: boolean): Promise<Deed> {
  const { lease, waiter, ip } = await ledger.lease(uid);
  if (lease === undefined && waiter === undefined) {
    throw new EgressError("POD_UNKNOWN", `no pod of UID ${uid} holds a lease or waits for one`);
  }
  refuseLive(lease === undefined ? [] : [lease], nowMs, force);
  // One that is renewed while we ask is not the one that had expired.
  const only = lease === undefined || force ? {} : { expiredAtMs: lease.expiresAtMs };
  const about =
    lease === undefined
      ? `Takes ${waiter?.pod ?? uid} out of the queue of pool ${waiter?.pool ?? ""}`
      : `Ends the lease of ${lease.pod} on ${ip ?? "an address that is not confirmed yet"} of pool ${lease.pool}`;
  return {
    deed: "release",
    about,
    leases: lease === undefined ? [] : [lease],
    act: async () => (await ledger.release(uid, { mayWork: [], ...only })).status === "released",
  };
}

async function detachOf(ledger: Ledger, node: string, nowMs: number, force: boolean): Promise<Deed> {
  const { attachments } = await ledger.snapshot();
  const attachment = attachments.find((one) => one.node === node);
  if (attachment === undefined) {
    throw new EgressError("NODE_UNKNOWN", `no node ${node} carries an address`, { fix: "See static-egress nodes." });
  }
  const { leases } = await ledger.look(attachment.machine.id);
  refuseLive(leases, nowMs, force);
  return {
    deed: "detach",
    about: `Ends the ${leases.length} leases on ${attachment.address.ip} of pool ${attachment.pool} on node ${node}`,
    leases,
    async act() {
      if (force) {
        await ledger.endLeases(attachment.machine.id);
        return true;
      }
      // Each only as it was when it had expired.
      const ended = await Promise.all(
        leases.map(({ podUid, expiresAtMs }) => ledger.release(podUid, { mayWork: [], expiredAtMs: expiresAtMs })),
      );
      return ended.every(({ status }) => status === "released");
    },
  };
}

function refuseLive(leases: readonly Lease[], nowMs: number, force: boolean): void {
  const live = leases.find(({ expiresAtMs }) => expiresAtMs > nowMs);
  if (live === undefined || force) return;
  const left = duration(live.expiresAtMs - nowMs);
  throw new EgressError("LEASE_LIVE", `the lease of ${live.pod} is still renewed: it is good for another ${left}`);
}
