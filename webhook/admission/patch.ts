import { injectionFor } from "./injection.ts";
import { patchBuilder, type AddOperation } from "./json-patch.ts";
import { annotations, injectedVersion, meshProxies, poolLabel } from "./names.ts";
import type { Pod } from "./pod.ts";
import type { SidecarSettings } from "./settings.ts";
import type { Wish } from "./wish.ts";

/**
 * The least JSON Patch that turns the raw pod into one with a lease: `add` operations only, so that fields we do not know,
 * large integers and odd keys stay as they are. `pod` is the reading of `raw`. Pure.
 */
export function patchFor(raw: unknown, pod: Pod, wish: Wish, sidecar: SidecarSettings): readonly AddOperation[] {
  const patch = patchBuilder(raw);
  const { metadata, spec } = pod;
  const { container, volumes, terms } = injectionFor(wish, sidecar);
  if (metadata.labels?.[poolLabel] === undefined) patch.add(["metadata", "labels", poolLabel], wish.pool.name);
  if (metadata.annotations?.[annotations.injected] === undefined) {
    patch.add(["metadata", "annotations", annotations.injected], injectedVersion);
  }
  patch.add(["spec", "initContainers", containerPosition(spec.initContainers)], container);
  for (const volume of volumes) patch.add(["spec", "volumes", "-"], volume);
  for (const { segments, term } of terms) {
    patch.add(["spec", "affinity", ...segments, "-"], term);
  }
  for (const [key, value] of Object.entries(wish.pool.nodes?.nodeSelector ?? {})) {
    if (!Object.hasOwn(spec.nodeSelector ?? {}, key)) patch.add(["spec", "nodeSelector", key], value);
  }
  for (const toleration of wish.pool.nodes?.tolerations ?? []) {
    if (!(spec.tolerations ?? []).some((has) => sameToleration(has, toleration))) {
      patch.add(["spec", "tolerations", "-"], toleration);
    }
  }
  return patch.operations;
}

/** First, so that we start before all and stop after all; but right after a mesh's proxy, which our traffic may go through. */
function containerPosition(initContainers: Pod["spec"]["initContainers"]): string {
  if (initContainers === undefined) return "-";
  const proxy = initContainers.findLastIndex(
    ({ name, restartPolicy }) => restartPolicy === "Always" && meshProxies.includes(name),
  );
  return String(proxy + 1);
}

type Toleration = NonNullable<Pod["spec"]["tolerations"]>[number];
type PoolToleration = NonNullable<NonNullable<Wish["pool"]["nodes"]>["tolerations"]>[number];

function sameToleration(a: Toleration, b: PoolToleration): boolean {
  return (
    (a.key ?? "") === (b.key ?? "") &&
    (a.operator ?? "Equal") === (b.operator ?? "Equal") &&
    (a.value ?? "") === (b.value ?? "") &&
    (a.effect ?? "") === (b.effect ?? "") &&
    a.tolerationSeconds === b.tolerationSeconds
  );
}
