import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EgressError } from "../../../shared/errors.ts";
import { createTroubles } from "../../../webhook/controller/troubles.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  const warn = vi.fn<(...record: unknown[]) => void>();
  const ledgerFailed = vi.fn<(code: string) => void>();
  const troubles = createTroubles({ warn }, { ledgerFailed });
  return { warn, ledgerFailed, troubles };
}
const away = new EgressError("LEDGER_UNREACHABLE", "no answer");
const slow = new EgressError("CLOUD_THROTTLED", "too many");

describe("createTroubles", () => {
  describe("when the ledger is away", () => {
    it("warns once, whoever meets it, and then at growing intervals; each time is counted", () => {
      const { warn, ledgerFailed, troubles } = setUp();
      for (let second = 0; second < 3_600; second += 1) {
        troubles.tell({ error: away }, "job not done");
        troubles.tell({ error: away, node: `n${second}` }, "node not put into the ledger");
        vi.advanceTimersByTime(1_000);
      }
      // At 0, 10, 30, 70, 150, 310, 630, 1230, 1830, 2430 and 3030 s.
      expect(warn).toHaveBeenCalledTimes(11);
      expect(warn.mock.calls[1]?.[0]).toMatchObject({ unsaid: 19 });
      expect(ledgerFailed).toHaveBeenCalledTimes(7_200);
    });

    it("warns at once when it goes away again later", () => {
      const { warn, troubles } = setUp();
      troubles.tell({ error: away }, "job not done");
      vi.advanceTimersByTime(20_000);
      troubles.tell({ error: away }, "job not done");
      troubles.tell({ error: away }, "job not done");
      vi.advanceTimersByTime(10_000);
      troubles.tell({ error: away }, "job not done");
      expect(warn).toHaveBeenCalledTimes(3);
    });
  });

  describe("when other things fail meanwhile", () => {
    it("tells each by its message and code", () => {
      const { warn, ledgerFailed, troubles } = setUp();
      troubles.tell({ error: slow }, "inventory not read");
      troubles.tell({ error: slow }, "job not done");
      troubles.tell({ error: new Error("no API server") }, "job not done");
      expect(warn).toHaveBeenCalledTimes(3);
      expect(ledgerFailed).not.toHaveBeenCalled();
    });
  });
});
