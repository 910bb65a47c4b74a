const units = [
  { name: "d", ms: 86_400_000 },
  { name: "h", ms: 3_600_000 },
  { name: "m", ms: 60_000 },
  { name: "s", ms: 1000 },
] as const;

/** A span of time for people, in its two largest units: `7s`, `3m12s`, `2h5m`, `4d`. Below zero counts as `0s`. */
export function duration(ms: number): string {
  const first = units.findIndex((unit) => ms >= unit.ms);
  if (first === -1) return "0s";
  let rest = ms;
  const parts = units.slice(first, first + 2).map(({ name, ms }) => {
    const count = Math.floor(rest / ms);
    rest -= count * ms;
    return count === 0 ? "" : `${count}${name}`;
  });
  return parts.join("");
}
