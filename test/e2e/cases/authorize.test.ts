import { afterAll, describe, expect, it } from "vitest";
import { apply, kubectl } from "../support/kubectl.ts";
import { freshPort, scene } from "../support/scene.ts";
import { until } from "../support/wait.ts";

/** The right, and who has it; both are the cluster's. */
const name = "static-egress-e2e-guarded";

describe("a pool with authorize: rbac", () => {
  const { namespace, kube, pod } = scene("authorize");
  afterAll(() => kubectl("delete", "clusterrole,clusterrolebinding", name, "--ignore-not-found"));

  it("is for those whose service account the cluster gives the right to", async () => {
    const wish = pod({ name: "app", pool: "guarded", port: freshPort() });
    await expect(apply(wish)).rejects.toThrow(/guarded/);

    const apiVersion = "rbac.authorization.k8s.io/v1";
    const rule = {
      apiGroups: ["static-egress.io"],
      resources: ["egresspools"],
      resourceNames: ["guarded"],
      verbs: ["use"],
    };
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name };
    const subjects = [{ kind: "ServiceAccount", name: "default", namespace }];
    await apply(
      { apiVersion, kind: "ClusterRole", metadata: { name }, rules: [rule] },
      { apiVersion, kind: "ClusterRoleBinding", metadata: { name }, roleRef, subjects },
    );
    await until(
      "the pod is admitted, once the refusal is no longer remembered",
      async () => ({ out: await apply(wish) }),
      30,
    );
    await until("its sidecar may ask, and waits for an address that does not exist", async () => {
      const state = await kube(
        "exec",
        "app",
        "-c",
        "static-egress-lease",
        "--",
        "cat",
        "/var/run/static-egress/state.json",
      );
      return state.includes("exhausted") ? { state } : state;
    });
  });
});
