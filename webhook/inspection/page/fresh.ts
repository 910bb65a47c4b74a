/** Without a word of changes it is asked again after this. */
const againMs = 30_000;
/** Typing does not ask at every letter. */
const restMs = 120;

/**
 * Reads again when something has changed: one read at a time, and one more after it for all changes meanwhile. Nothing is read
 * while nobody sees the page. `tell` hears whether the page is live.
 */
export function keepFresh(read: () => Promise<void>, tell: (text: string, good: boolean) => void) {
  let reading = false;
  let wanted = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function run(): Promise<void> {
    if (reading || document.hidden) {
      wanted = true;
      return;
    }
    reading = true;
    wanted = false;
    clearTimeout(timer);
    try {
      await read();
    } finally {
      reading = false;
      timer = setTimeout(() => void run(), wanted ? restMs : againMs);
    }
  }

  const events = new EventSource("api/events");
  events.addEventListener("open", () => {
    tell("live", true);
    void run();
  });
  events.addEventListener("message", () => void run());
  events.addEventListener("error", () => {
    tell("not live: trying again", false);
    // A refusal ends it for good, where a lost connection does not.
    if (events.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), againMs);
  });
  document.addEventListener("visibilitychange", () => {
    if (wanted && !document.hidden) void run();
  });
  return { now: () => void run() };
}
