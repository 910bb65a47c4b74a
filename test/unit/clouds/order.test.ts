import { describe, expect, it } from "vitest";
import { inOrder } from "../../../shared/clouds/order.ts";

const rows = [
  { id: "c", ip: "203.0.113.10", tags: { priority: "10" } },
  { id: "a", ip: "203.0.113.9", tags: {} },
  { id: "d", ip: "203.0.113.100", tags: { priority: "9" } },
  { id: "b", ip: "203.0.113.1", tags: { priority: "10" } },
];
const ids = (orderBy?: string) =>
  inOrder(rows, orderBy)
    .map(({ id }) => id)
    .join("");

describe("inOrder", () => {
  it("orders by id when nothing is said", () => {
    expect(ids()).toBe("abcd");
    expect(ids("-id")).toBe("dcba");
  });

  it("takes numbers for numbers", () => {
    expect(ids("ip")).toBe("bacd");
    expect(ids("-ip")).toBe("dcab");
  });

  it("orders by a tag, then by id, and puts those without it last either way", () => {
    expect(ids("tag:priority")).toBe("dbca");
    expect(ids("-tag:priority")).toBe("bcda");
  });
});
