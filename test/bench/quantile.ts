/** The smallest value that at least `share` of them do not exceed (nearest rank). Throws when there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new Error("no values were measured");
  return value;
}

/** Of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const above = -quantile(
    values.map((value) => -value),
    0.5,
  );
  return (quantile(values, 0.5) + above) / 2;
}
