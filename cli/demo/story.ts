/** What happened, one sentence each, with the seconds since the demo began. */
export interface Story {
  readonly say: (text: string) => void;
  readonly last: (count: number) => readonly string[];
}

const kept = 100;

export function createStory(tell: (line: string) => void): Story {
  const startedMs = performance.now();
  const lines: string[] = [];
  return {
    say(text) {
      const line = `${((performance.now() - startedMs) / 1000).toFixed(1).padStart(6)} s  ${text}`;
      lines.push(line);
      if (lines.length > kept) lines.shift();
      tell(line);
    },
    last: (count) => lines.slice(-count),
  };
}
