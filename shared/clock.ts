/** Milliseconds since the Unix epoch. Passed in wherever time decides something. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();
