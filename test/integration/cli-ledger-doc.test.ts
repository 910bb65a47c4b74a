import { Redis } from "ioredis";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createRedisLedger } from "../../shared/ledger/redis/ledger.ts";
import { createRedlock } from "../../shared/lock/redlock.ts";
import { readLedger } from "../../cli/inspection/read-ledger.ts";
import { ledgerUser, rulesOf, type LedgerUser } from "../support/ledger-user.ts";
import { fillLedger, uids } from "./cli-scene.ts";

const redisUrl = inject("redisUrl");
const page = readFileSync(new URL("../../docs/ledger.md", import.meta.url), "utf8");
const installation = `test-${randomUUID()}`;
const root = `static-egress:{${installation}}`;
const machine = "i-0a1b2c3d4e5f60711";

/** Lines of the page as words, quotes taken off, the installation the test's own. */
const lines = [...page.matchAll(/^redis-cli (.+)$/gm)].map(([, line = ""]) =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) =>
    (quoted ?? plain ?? "").replace("{default}", `{${installation}}`),
  ),
);
const rows = [...page.matchAll(/^\| `([^`]+)` \| (string|hash|set|sorted set|stream|channel) \|/gm)].map(
  ([, key = "", type = ""]) => ({ key, type, pattern: new RegExp(`^${key.replace(/<[a-z]+>/g, ".+")}$`) }),
);

describe.skipIf(redisUrl === "")("docs/ledger.md", () => {
  let redis: Redis;

  async function whileLocked<T>(work: () => Promise<T>): Promise<T> {
    return createRedlock([redis], installation).using(machine, work);
  }
  const ledgerOver = (connection: Redis) =>
    createRedisLedger({ redis: connection, installation, duplicate: () => connection.duplicate() });
  const forget = async () => {
    const keys = await redis.keys(`${root}:*`);
    if (keys.length > 0) await redis.del(keys);
  };

  beforeAll(async () => {
    redis = new Redis(redisUrl);
    await fillLedger(ledgerOver(redis));
  });
  afterAll(async () => {
    await forget();
    redis.disconnect();
  });

  it("has lines and keys to hold it to", () => {
    expect([lines.length > 20, rows.length > 12, rulesOf("static-egress").length > 20]).toEqual([true, true, true]);
  });

  const titled = (wanted: (command: string) => boolean) =>
    lines
      .filter(([command = ""]) => wanted(command))
      .map(([command = "", ...argv]) => ({
        title: [command, ...argv].join(" ").replace(installation, "default"),
        command,
        argv,
      }));
  const listens = (command: string) => command.endsWith("SUBSCRIBE");

  it.each(titled((command) => !listens(command)))("$title: answers", async ({ command, argv }) => {
    const answer = await whileLocked(() => redis.call(command, ...argv));
    for (const nothing of [null, [], {}]) expect(answer).not.toEqual(nothing);
  });

  it.each(titled(listens))("$title: hears", async ({ command, argv }) => {
    const listener = redis.duplicate();
    await listener.call(command, ...argv);
    expect(await redis.publish((argv[0] ?? "").replace("*", "some-pod"), "")).toBe(1);
    listener.disconnect();
  });

  it("names every key of a ledger that has one of each, with its type, and no other", async () => {
    const found = await whileLocked(async () => {
      const keys = await redis.keys(`${root}:*`);
      return Promise.all(keys.map(async (key) => ({ key: key.slice(root.length + 1), type: await redis.type(key) })));
    });
    const documented = rows.filter(({ type }) => type !== "channel");
    for (const { key, type } of found) {
      expect(documented.find(({ pattern }) => pattern.test(key))?.type.replace("sorted set", "zset"), key).toBe(type);
    }
    const missing = documented.filter(({ pattern }) => !found.some(({ key }) => pattern.test(key)));
    expect(missing.map(({ key }) => key)).toEqual([]);
  });

  describe("its users", () => {
    const made: LedgerUser[] = [];

    /** Makes the user of the page, and answers the URL to connect as it. */
    async function become(user: string): Promise<string> {
      const as = await ledgerUser(redis, redisUrl, user, installation);
      made.push(as);
      return as.url;
    }
    afterAll(async () => {
      for (const user of made) await user.forget();
    });

    it("static-egress may do all that static-egress does, and touch no other key", async () => {
      const url = await become("static-egress");
      const connection = new Redis(url);
      await forget();
      const ledger = ledgerOver(connection);
      await fillLedger(ledger);
      const end = await ledger.onWake("some-pod", () => undefined);
      await end();
      await ledger.due(0);
      await ledger.look(machine);
      await ledger.figures();
      expect((await ledger.history("", 100)).length).toBeGreaterThan(0);
      await ledger.renew(uids.biller, 60_000);
      await ledger.extend(machine, "0.0");
      await createRedlock([connection], installation).using(machine, () => Promise.resolve());
      expect((await readLedger(url, installation)).pools).toHaveLength(2);
      await expect(readLedger(url, "another")).rejects.toMatchObject({ code: "LEDGER_DENIED" });
      await expect(connection.get("something-else")).rejects.toThrow(/NOPERM/);
      connection.disconnect();
    });

    it("a user of before there was a history may do all else, and keeps none", async () => {
      const older = await ledgerUser(redis, redisUrl, "static-egress", installation, ["-xadd", "-xrange"]);
      made.push(older);
      const connection = new Redis(older.url);
      await forget();
      const ledger = ledgerOver(connection);
      await fillLedger(ledger);
      expect((await ledger.snapshot()).leases.length).toBeGreaterThan(0);
      await expect(ledger.history("", 1)).rejects.toMatchObject({ code: "LEDGER_DENIED" });
      expect(await redis.exists(`${root}:history`)).toBe(0);
      connection.disconnect();
      await forget();
      await fillLedger(ledgerOver(redis)); // whole again for the others
    });

    it("static-egress-reader may read all of it, and write nothing", async () => {
      const url = await become("static-egress-reader");
      const connection = new Redis(url);
      expect((await readLedger(url, installation)).leases).toHaveLength(4);
      for (const [command = "", ...argv] of lines.filter(([command = ""]) => !listens(command))) {
        await connection.call(command, ...argv);
      }
      await expect(connection.del(`${root}:pods`)).rejects.toThrow(/NOPERM/);
      await expect(connection.eval("redis.call('DEL', KEYS[1])", 1, `${root}:pods`)).rejects.toThrow(
        /permission|can't run/,
      );
      await expect(ledgerOver(connection).endLeases(machine)).rejects.toThrow(/permission|can't run/);
      connection.disconnect();
    });
  });

  it("names every key that a ledger in doubt forgets: all but the beat, the epoch, the history and the pace", async () => {
    const ledger = ledgerOver(redis);
    await ledger.beat({ epoch: "1", sequence: 1 });
    const left = (await redis.keys(`${root}:*`)).map((key) => key.slice(root.length + 1).replace(/:.*/, ""));
    expect(left.toSorted()).toEqual(["beat", "epoch", "history", "pace"]);
  });
});
