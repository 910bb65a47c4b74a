/** What the bench and the controller that it measures agree on. Leases live longer than the bench: nothing at rest renews. */
export const podsPerNode = 10;
export const leaseMs = 3_600_000;
export const nodeOf = (index: number): string => `node-${index}`;
export const podOf = (node: number, number: number): string => `pod-${node}-${number}`;
export const addressOf = (index: number) => ({
  id: `eipalloc-${index.toString(16).padStart(17, "0")}`,
  ip: `198.${18 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`,
});
