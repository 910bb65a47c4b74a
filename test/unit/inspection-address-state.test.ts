import { describe, expect, it } from "vitest";
import { addressState, isExhausted } from "../../shared/inspection/address-state.ts";

const held = { state: "held" } as const;
const draining = { state: "draining" } as const;

describe("addressState", () => {
  it.each([
    ["free", undefined, []],
    ["attaching", "attaching", [held]],
    ["attaching", "attaching", []],
    ["attached", "attached", [held, draining]],
    ["draining", "attached", [draining, draining]],
    ["lingering", "attached", []],
    ["lingering", "kept", []],
    ["lingering", "detaching", []],
  ] as const)("%s: of an attachment that is %s, with leases %j", (state, is, leases) => {
    expect(addressState(is && { state: is }, leases)).toBe(state);
  });
});

describe("isExhausted", () => {
  it.each([
    [0, 1, true],
    [0, 0, false],
    [1, 1, false],
  ])("%d free, %d waiting: %s", (free, waiting, exhausted) => {
    expect(isExhausted({ free, waiting })).toBe(exhausted);
  });
});
