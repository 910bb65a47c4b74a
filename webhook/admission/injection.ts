import { leaseContainer, leaseVolumes } from "./container.ts";
import { shared } from "./json-patch.ts";
import { placementTerms, type PlacementTerm } from "./placement.ts";
import type { SidecarSettings } from "./settings.ts";
import type { Wish } from "./wish.ts";

/** What a pod gets that follows from its wish and the installation alone. */
export interface Injection {
  readonly container: object;
  readonly volumes: readonly object[];
  readonly terms: readonly PlacementTerm[];
}

const made = new WeakMap<SidecarSettings, Map<string, Injection>>();
/** Grace periods are the users' own: what is remembered must not grow with them. */
const mostRemembered = 100;

/** The same objects for every pod with the same wish: they are written as JSON once (`shared`). */
export function injectionFor(wish: Wish, sidecar: SidecarSettings): Injection {
  const remembered = made.get(sidecar) ?? new Map<string, Injection>();
  made.set(sidecar, remembered);
  const key = JSON.stringify({ ...wish, pool: wish.pool.name });
  let injection = remembered.get(key);
  if (injection === undefined) {
    if (remembered.size >= mostRemembered) remembered.clear();
    injection = makeInjection(wish, sidecar);
    remembered.set(key, injection);
  }
  return injection;
}

function makeInjection(wish: Wish, sidecar: SidecarSettings): Injection {
  const terms = placementTerms(wish, sidecar.placementRequired);
  return {
    container: shared(leaseContainer(wish, sidecar)),
    volumes: leaseVolumes(wish).map(shared),
    terms: terms.map(({ segments, term }) => ({ segments, term: shared(term) })),
  };
}
