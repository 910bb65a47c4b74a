import { setTimeout as pause } from "node:timers/promises";
import { apply } from "../e2e/support/kubectl.ts";
import type { Random } from "../simulation/random.ts";
import type { Traffic } from "./traffic.ts";
import { namespace, type Site } from "./site.ts";

/** Loose pods at a time; a deployment comes on top. */
const loosePods = 8;
const rollingReplicas = 4;

interface ChurnOptions {
  readonly site: Site;
  readonly random: Random;
  readonly traffic: Traffic;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Lets pods come and go until the signal aborts. Answers how many workloads were started. */
export async function churn({ site, random, traffic, log, signal }: ChurnOptions): Promise<number> {
  const { make, kube } = site;
  const loose: string[] = [];
  let started = 0;

  /** Contended nodes serve one pool or the other, never both: the scheduler keeps the pools' pods apart. */
  function place(): { pool: string; node: string } {
    const [shared] = site.contended;
    if (shared === undefined || random.chance(0.3)) return { pool: "partners", node: random.pick(site.steady) };
    return random.chance(0.3)
      ? { pool: "partners", node: shared }
      : { pool: "billing", node: random.pick(site.contended) };
  }

  async function start(): Promise<void> {
    const at = place();
    const port = traffic.open(at.pool);
    const name = `loose-${port}`;
    const options = { name, port, ...at, stopAfterMs: random.between(0, 3000), everyMs: 1000 };
    if (random.chance(0.2)) await apply(make.job({ ...options, runForMs: random.between(1000, 20_000) }));
    else {
      await apply(make.pod(options));
      loose.push(name);
    }
    started += 1;
  }

  async function end(): Promise<void> {
    const [name = ""] = loose.splice(random.between(0, loose.length - 1), 1);
    const how = random.chance(0.3) ? ["--force", "--grace-period=0"] : [];
    await kube("delete", "pod", name, "--wait=false", "--ignore-not-found", ...how);
  }

  const node = site.contended[0] ?? site.steady[0] ?? "";
  const rolls = { port: traffic.open("partners"), pool: "partners", node, everyMs: 1000 };
  await apply(make.deployment({ name: "rolls", replicas: 1, ...rolls }));
  const steps: [number, () => Promise<unknown>][] = [
    [0.5, () => (loose.length < loosePods ? start() : end())],
    [0.8, () => (loose.length > 0 ? end() : start())],
    [0.9, () => kube("scale", "deployment/rolls", `--replicas=${random.between(0, rollingReplicas)}`)],
    [0.95, () => kube("rollout", "restart", "deployment/rolls")],
    [1, () => kube("delete", "jobs", "--all", "--wait=false")],
  ];
  while (!signal.aborted) {
    const draw = random.next();
    // Refused while the webhook is down: that is what it is for, and the next step comes soon.
    await steps
      .find(([below]) => draw < below)?.[1]()
      .catch((error: unknown) => log(`churn: ${firstLine(error)}`));
    await pause(random.between(2000, 6000), undefined, { signal }).catch(() => undefined);
  }
  return started;
}

/** Ends all that came and went; the steady pods stay. */
export async function endChurn({ kube }: Site): Promise<void> {
  await kube(
    "delete",
    "deployments,jobs,pods",
    "-l",
    "app,!steady",
    "--wait=true",
    "--timeout=120s",
    "--ignore-not-found",
  );
}

export const firstLine = (error: unknown): string => {
  const text = (error instanceof Error ? error.message : String(error)).replaceAll(namespace, "");
  return (text.split("\n")[0] ?? "").slice(0, 200);
};
