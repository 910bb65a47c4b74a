/** Milliseconds, since the Unix epoch where nothing else is said. Passed in wherever time decides something. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();

/** Milliseconds since this process began: for durations, which must not change when somebody sets the machine's clock. */
export const monotonicClock: Clock = () => performance.now();
