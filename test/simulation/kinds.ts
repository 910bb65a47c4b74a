import type { Event, Happens } from "./history.ts";

const pods: ReadonlySet<Happens["do"]> = new Set(["create pod", "delete pod", "force delete pod"]);

/** What kind of fault an event is, for people and figures; undefined for one that is none. */
export function kindOf(event: Happens): string | undefined {
  if (pods.has(event.do)) return undefined;
  switch (event.do) {
    case "redis":
    case "cloud":
      return `${event.do}: ${Object.entries(event.weather).map(weatherOf).join(", ")}`;
    case "redis loses":
      return `redis loses ${event.what === "everything" ? "everything" : "the latest writes"}${event.otherServer ? ", another server goes on" : ""}`;
    case "cut off":
      return `node cut off from ${event.from}`;
    case "replace node":
      return `machine replaced, its object ${event.object}`;
    case "trap":
      return `${event.blow === "hold" ? "stop" : event.blow} at a cloud call`;
    case "lose":
      return `${event.what} lost`;
    case "api server":
      return event.down ? "api server down" : "watches lag";
    default:
      return event.do;
  }
}

const weatherOf = ([name, value]: [string, unknown]): string =>
  typeof value === "string" ? `${name} ${value}` : name === "down" ? "down" : name;

/** How long a fault lasts by itself (ms); 0 for what happens at once. */
export function lengthOf(event: Event): number {
  switch (event.do) {
    case "redis loses":
      return event.latestMs + event.downMs;
    case "reclaim node":
      return event.noticeMs + 5_000;
    case "take off by hand":
      return event.elsewhereMs;
    default:
      if ("forMs" in event) return event.forMs;
      if ("againMs" in event) return event.againMs;
      return "afterMs" in event ? event.afterMs : 0;
  }
}
