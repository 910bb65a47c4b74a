import { benchAdmission } from "./admission.ts";
import type { Row } from "./row.ts";

/** The webhook over TLS beside a bare node:https server, as rows. */
export async function benchNodeAdmission(): Promise<Row[]> {
  const { webhook, bare, rateRatio, p99Ratio, cpuRatio, bodyBytes, rounds, flags, cloudSdks } = await benchAdmission();
  const load = `${bodyBytes} bytes, TLS, kept connections; median of ${rounds} rounds, in turns`;
  const servers = [
    ["admission", webhook],
    ["bare node:https", bare],
  ] as const;
  const figures = servers.flatMap(([name, server]): Row[] => [
    { name: `${name}: p50 at 200/s`, value: server.p50At200Ms, unit: "ms", note: load },
    { name: `${name}: p99 at 200/s`, value: server.p99At200Ms, unit: "ms" },
    { name: `${name}: highest rate, p99 under 50 ms`, ...held(server.highestRate, server.roundsHeld), unit: "/s" },
    { name: `${name}: CPU for a request`, value: server.cpuMicros, unit: "us" },
    {
      name: `${name}: RSS after the run`,
      value: server.rssMiB,
      unit: "MiB",
      ...(name === "admission" && { goal: { atMost: 120 }, note: `node ${flags.join(" ")}` }),
    },
  ]);
  return [
    ...figures,
    {
      name: "admission over bare: rate",
      ...held(rateRatio, Math.min(webhook.roundsHeld, bare.roundsHeld)),
      unit: "",
      goal: { atLeast: 0.7 },
    },
    { name: "admission over bare: p99 at 200/s", value: p99Ratio, unit: "", goal: { atMost: 1.5 } },
    {
      name: "bare over admission: CPU for a request",
      value: cpuRatio,
      unit: "",
      note: "the rate's ratio on a machine of its own",
    },
    {
      name: "admission: scripts of cloud SDKs loaded",
      value: cloudSdks.length,
      unit: "",
      goal: { atMost: 0 },
      note: cloudSdks.join(", "),
    },
  ];
}

function held(value: number, rounds: number): Pick<Row, "value" | "note"> {
  return Number.isNaN(value)
    ? { value: null, note: "no rate that was tried kept p99 under 50 ms" }
    : { value, note: `p99 stayed under 50 ms in ${rounds} rounds` };
}
