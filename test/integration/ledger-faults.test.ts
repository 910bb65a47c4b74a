import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Ledger } from "../../shared/ledger/port.ts";
import { claim, how, inventory, node, pool } from "../support/ledger-cases.ts";
import { clientAt, ledgerAt, ownRedis } from "../support/own-redis.ts";
import { freePort, redisProgram } from "../support/redis.ts";

const program = redisProgram();

async function fill(ledger: Ledger): Promise<void> {
  await ledger.beat(null);
  await ledger.putPools([pool()]);
  await ledger.putNode(node("n1"));
  await ledger.putInventory("partners", inventory(2), (await ledger.now()) + 60_000);
}

const acquire = (ledger: Ledger) => ledger.acquire(claim("pod-1", "n1"), how);

describe.skipIf(program === undefined)("a ledger over Redis", () => {
  it("says LEDGER_UNREACHABLE soon when nothing listens, and not the password", async () => {
    const startedAt = performance.now();
    const port = await freePort();
    const error = await acquire(ledgerAt(`redis://:PLANTED@127.0.0.1:${port}`)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "LEDGER_UNREACHABLE" });
    expect(JSON.stringify(error) + String(error)).not.toContain("PLANTED");
    expect(performance.now() - startedAt).toBeLessThan(6000);
  });

  it("says LEDGER_READONLY to a replica", async () => {
    const primary = await ownRedis();
    const replica = await ownRedis(["--replicaof", "127.0.0.1", new URL(primary.url).port]);
    await expect(acquire(ledgerAt(replica.url))).rejects.toMatchObject({ code: "LEDGER_READONLY" });
  });

  it("says LEDGER_FULL when maxmemory is reached, with nothing half done, and goes on when there is room", async () => {
    const { url } = await ownRedis();
    const ledger = ledgerAt(url);
    await fill(ledger);
    const own = clientAt(url);
    await own.config("SET", "maxmemory", "100kb", "maxmemory-policy", "noeviction");
    await expect(acquire(ledger)).rejects.toMatchObject({ code: "LEDGER_FULL" });
    const { attachments, leases, addresses } = await ledger.snapshot();
    expect({ attachments, leases }).toEqual({ attachments: [], leases: [] });
    expect(addresses.map(({ state }) => state)).toEqual(["free", "free"]);
    await own.config("SET", "maxmemory", "0");
    expect(await acquire(ledger)).toMatchObject({ status: "work" });
  });

  describe("with users", () => {
    async function withUser(...rules: string[]): Promise<{ url: string; as: (user: string) => string }> {
      const { url } = await ownRedis();
      await clientAt(url).call(
        "ACL",
        "SETUSER",
        "app",
        "on",
        ">right",
        "~static-egress:*",
        "&static-egress:*",
        ...rules,
      );
      return { url, as: (user) => url.replace("redis://", `redis://${user}@`) };
    }

    it("says LEDGER_DENIED to a wrong password", async () => {
      const { as, url } = await withUser("+@all");
      await clientAt(url).call("ACL", "SETUSER", "default", "resetpass", "-@all");
      await expect(acquire(ledgerAt(as("app:wrong")))).rejects.toMatchObject({ code: "LEDGER_DENIED" });
    });

    it("says LEDGER_DENIED where a command is not allowed", async () => {
      const { as } = await withUser("+@all", "-eval", "-evalsha");
      await expect(acquire(ledgerAt(as("app:right")))).rejects.toMatchObject({ code: "LEDGER_DENIED" });
    });

    it("says LEDGER_DENIED where a command inside the script is not allowed", async () => {
      const { as } = await withUser("+@all", "-hget");
      await expect(acquire(ledgerAt(as("app:right")))).rejects.toMatchObject({ code: "LEDGER_DENIED" });
    });

    it("says LEDGER_DENIED where the keys are another's", async () => {
      const { url } = await ownRedis();
      await clientAt(url).call("ACL", "SETUSER", "app", "on", ">right", "~other:*", "+@all");
      const at = url.replace("redis://", "redis://app:right@");
      await expect(acquire(ledgerAt(at))).rejects.toMatchObject({ code: "LEDGER_DENIED" });
    });

    it("says LEDGER_DENIED without the right to INFO: which Redis it is decides what is granted", async () => {
      const { as } = await withUser("+@all", "-info");
      await expect(acquire(ledgerAt(as("app:right")))).rejects.toMatchObject({ code: "LEDGER_DENIED" });
    });
  });

  it("goes on over a restart in between: connection, scripts and wake-ups", async () => {
    const first = await ownRedis();
    const { url } = first;
    const ledger = ledgerAt(url);
    await fill(ledger);
    let wakes = 0;
    await ledger.onWake("pod-1", () => (wakes += 1));
    expect(await acquire(ledger)).toMatchObject({ status: "work" });

    await first.stop();
    await expect(ledger.now()).rejects.toMatchObject({ code: "LEDGER_UNREACHABLE" });
    await ownRedis([], Number(new URL(url).port));
    await expect.poll(() => ledger.now().catch(() => 0), { timeout: 30_000 }).toBeGreaterThan(0);
    expect((await ledger.snapshot()).attachments).toEqual([]); // it keeps nothing on disk
    await fill(ledger);
    await expect
      .poll(
        async () => {
          await fill(ledger); // an address at fault is not tried again before the next inventory
          const again = await acquire(ledger);
          if (again.status === "work") {
            await ledger.settle("i-n1", again.job.fence, {
              outcome: "failed",
              code: "C",
              message: "m",
              addressAtFault: true,
            });
          }
          return wakes;
        },
        { timeout: 30_000 },
      )
      .toBeGreaterThan(0);
  });

  it("goes on when only the scripts are lost", async () => {
    const { url } = await ownRedis();
    const ledger = ledgerAt(url);
    await ledger.now();
    await ledger.now();
    await clientAt(url).script("FLUSH");
    expect(await ledger.now()).toBeGreaterThan(0);
  });

  it("follows a sentinel's primary", async () => {
    const primary = await ownRedis();
    const port = await freePort();
    const directory = await mkdtemp(join(tmpdir(), "static-egress-sentinel-"));
    const config = join(directory, "sentinel.conf");
    const monitored = `sentinel monitor main 127.0.0.1 ${new URL(primary.url).port} 1`;
    await writeFile(config, `port ${port}\ndir ${directory}\n${monitored}\n`);
    const sentinel = spawn(program ?? "", [config, "--sentinel"], { stdio: "ignore" });
    onTestFinished(async () => {
      const gone = once(sentinel, "exit");
      sentinel.kill();
      await gone;
    });
    await clientAt(`redis://127.0.0.1:${port}`).ping();
    const ledger = ledgerAt(`redis+sentinel://127.0.0.1:${port}/main`);
    await fill(ledger);
    expect(await acquire(ledger)).toMatchObject({ status: "work" });
  });
});
