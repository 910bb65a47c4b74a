import type { Logger } from "../../shared/log.ts";

/** What happened, line by line, and what of it must not happen. */
export interface Story {
  clock: () => number;
  readonly lines: string[];
  readonly violations: string[];
  tell(who: string, text: string): void;
  violate(invariant: string, text: string): void;
  /** The log of a program; its records are lines of the story when it is told in full. */
  logger(who: string): Logger;
}

export function createStory(full: boolean): Story {
  let beginning: number | undefined;
  const story: Story = {
    clock: () => 0,
    lines: [],
    violations: [],
    tell(who, text) {
      beginning ??= story.clock();
      const seconds = ((story.clock() - beginning) / 1000).toFixed(3).padStart(9);
      story.lines.push(`${seconds}  ${who.padEnd(22)} ${text}`);
    },
    violate(invariant, text) {
      story.violations.push(`${invariant}: ${text}`);
      story.tell("VIOLATION", `${invariant}: ${text}`);
    },
    logger: (who) => (full ? telling(story, who, {}) : silent),
  };
  return story;
}

const levels = ["trace", "debug", "info", "warn", "error", "fatal"];
const silent = Object.fromEntries(levels.map((level) => [level, () => undefined])) as unknown as Logger;
silent.child = (() => silent) as unknown as Logger["child"];

function telling(story: Story, who: string, bound: object): Logger {
  const write = (first: unknown, second?: string): void => {
    const fields = typeof first === "string" ? bound : { ...bound, ...(first as object) };
    const text = typeof first === "string" ? first : (second ?? "");
    story.tell(who, `${text} ${JSON.stringify(fields, shorter)}`);
  };
  const logger = Object.fromEntries(levels.map((level) => [level, write])) as unknown as Logger;
  logger.child = ((more: object) => telling(story, who, { ...bound, ...more })) as unknown as Logger["child"];
  return logger;
}

function shorter(_: string, value: unknown): unknown {
  if (value instanceof Error) return `${(value as { code?: string }).code ?? value.name}: ${value.message}`;
  return value;
}
