import type { Finder } from "./finders.ts";

/** One guard of the code, and how it is taken out: `guard` stands once in `file`, and `without` takes its place. */
export interface Guard {
  readonly name: string;
  readonly file: string;
  readonly guard: string;
  readonly without: string;
  /** What has to find that it is missing. */
  readonly finder: Finder;
}
