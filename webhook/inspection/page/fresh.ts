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

  let events: EventSource | undefined;

  function listen(): void {
    const source = new EventSource("api/events");
    source.addEventListener("open", () => {
      tell("live", true);
      void run();
    });
    source.addEventListener("message", () => void run());
    source.addEventListener("error", () => {
      tell("not live: trying again", false);
      // A refusal ends it for good, where a lost connection does not.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), againMs);
    });
    events = source;
  }

  // A browser has six connections to a server for all its windows: one that nobody sees gives its own back.
  document.addEventListener("visibilitychange", () => {
    events?.close();
    events = undefined;
    if (!document.hidden) listen();
  });
  if (!document.hidden) listen();
  return { now: () => void run() };
}
