import { readdir, readFile } from "node:fs/promises";
import type { History } from "./history.ts";

const directory = new URL("stories/", import.meta.url);

/** Histories that broke an invariant once, as short as they could be made, by name: too rare to wait for them again. */
export async function readStories(): Promise<Map<string, History>> {
  const stories = new Map<string, History>();
  for (const name of (await readdir(directory)).toSorted()) {
    stories.set(name, JSON.parse(await readFile(new URL(name, directory), "utf8")) as History);
  }
  return stories;
}
