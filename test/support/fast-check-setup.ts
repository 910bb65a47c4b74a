import * as fc from "fast-check";

/** One seed for every property of `npm test`, so that it does not fail by chance: FAST_CHECK_SEED is another one, or `random`. */
const seed = process.env["FAST_CHECK_SEED"] ?? "20260101";
if (seed !== "random") {
  if (!/^-?\d+$/.test(seed)) throw new Error(`FAST_CHECK_SEED: a whole number or "random" is needed, not "${seed}"`);
  fc.configureGlobal({ seed: Number(seed) });
}
