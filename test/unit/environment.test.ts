import { describe, expect, it } from "vitest";
import * as z from "zod";
import { parseEnvironment } from "../../shared/environment.ts";

const schema = z.object({ STATIC_EGRESS_COLOUR: z.string().default("red"), TOKEN: z.string().max(3).optional() });
const read = (env: Record<string, string | undefined>) => parseEnvironment(schema, env, ["TOKEN"]);

describe("environment", () => {
  it("ignores what the kubelet writes for Services of our name", () => {
    const links = {
      STATIC_EGRESS_WEBHOOK_SERVICE_HOST: "10.96.0.7",
      STATIC_EGRESS_WEBHOOK_SERVICE_PORT: "443",
      STATIC_EGRESS_WEBHOOK_SERVICE_PORT_HTTPS: "443",
      STATIC_EGRESS_WEBHOOK_PORT: "tcp://10.96.0.7:443",
      STATIC_EGRESS_WEBHOOK_PORT_443_TCP: "tcp://10.96.0.7:443",
      STATIC_EGRESS_WEBHOOK_PORT_443_TCP_PROTO: "tcp",
      STATIC_EGRESS_WEBHOOK_PORT_443_TCP_PORT: "443",
      STATIC_EGRESS_WEBHOOK_PORT_443_TCP_ADDR: "10.96.0.7",
    };
    expect(read({ ...links, PATH: "/bin", STATIC_EGRESSED: "1" })).toEqual({ STATIC_EGRESS_COLOUR: "red" });
  });

  it("refuses a name under our prefix that it does not know, and lists those that it does", () => {
    expect(() => read({ STATIC_EGRESS_COLOR: "red" })).toThrow(
      /STATIC_EGRESS_COLOR: unknown; accepted under STATIC_EGRESS_: STATIC_EGRESS_COLOUR/,
    );
  });

  it("takes an empty value for one that is not set", () => {
    expect(read({ STATIC_EGRESS_COLOUR: "" })).toEqual({ STATIC_EGRESS_COLOUR: "red" });
  });

  it("never repeats the value of a secret name", () => {
    expect(() => read({ TOKEN: "PLANTED" })).toThrow(/TOKEN: \(not shown\)/);
    expect(() => read({ TOKEN: "PLANTED" })).not.toThrow(/PLANTED/);
  });
});
