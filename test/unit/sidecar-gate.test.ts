import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { createGate } from "../../sidecar/gate.ts";

let directory: string;
const read = (name: string) => readFile(join(directory, name), "utf8");

describe("gate", () => {
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "static-egress-gate-"));
  });

  it("makes its directory and leaves the process's id for preStop", async () => {
    directory = join(directory, "run", "static-egress");
    await createGate(directory, 4711);
    expect(await read("pid")).toBe("4711\n");
  });

  it("has no ready file before it is opened, and the address beside it afterwards", async () => {
    const gate = await createGate(directory, 1);
    await gate.record({ phase: "waiting", pool: "partners", ip: null });
    expect(await readdir(directory)).not.toContain("ready");
    await gate.open("203.0.113.1");
    expect([await read("ready"), await read("address")]).toEqual(["203.0.113.1\n", "203.0.113.1\n"]);
  });

  it("keeps ready over a restart of the container", async () => {
    await writeFile(join(directory, "ready"), "203.0.113.1\n");
    await createGate(directory, 2);
    expect(await read("ready")).toBe("203.0.113.1\n");
  });

  it("opens without an address, and says none", async () => {
    const gate = await createGate(directory, 1);
    await gate.open("203.0.113.1");
    await gate.openWithout();
    expect(await readdir(directory)).not.toContain("address");
    expect(await read("ready")).not.toContain("203.0.113.1");
  });

  it("writes states told at the same moment one after the other, each whole", async () => {
    const gate = await createGate(directory, 1);
    const ips = Array.from({ length: 50 }, (_, index) => `203.0.113.${index}`);
    await Promise.all(ips.map((ip) => gate.record({ phase: "held", pool: "partners", ip })));
    expect(JSON.parse(await read("state.json"))).toMatchObject({ phase: "held", ip: ips.at(-1) });
    expect((await readdir(directory)).filter((name) => name.endsWith(".new"))).toEqual([]);
  });

  it("is never seen half written", async () => {
    const gate = await createGate(directory, 1);
    const detail = "x".repeat(100_000);
    await gate.record({ phase: "waiting", pool: "partners", ip: null, detail });
    const writes = Promise.all(
      Array.from({ length: 20 }, (_, position) =>
        gate.record({ phase: "waiting", pool: "partners", ip: null, detail, position }),
      ),
    );
    const seen = await Promise.all(Array.from({ length: 100 }, () => read("state.json")));
    await writes;
    expect(seen.filter((text) => !text.endsWith("}\n"))).toEqual([]);
  });

  it("tells a write that failed, and goes on with the next", async () => {
    const gate = await createGate(directory, 1);
    await mkdir(join(directory, "ready.new"));
    await expect(gate.open("203.0.113.1")).rejects.toThrow("EISDIR");
    await rm(join(directory, "ready.new"), { recursive: true });
    await gate.open("203.0.113.1");
    expect(await read("ready")).toBe("203.0.113.1\n");
  });
});
