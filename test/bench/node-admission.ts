import { benchAdmission } from "./admission.ts";
import type { Row } from "./row.ts";

/** The webhook over TLS beside a bare node:https server, as rows. */
export async function benchNodeAdmission(): Promise<Row[]> {
  const { webhook, bare, rateRatio, p99Ratio, cpuRatio, bodyBytes } = await benchAdmission();
  const servers = [
    ["admission", webhook],
    ["bare node:https", bare],
  ] as const;
  const figures = servers.flatMap(([name, { at200, highest, rssMiB, cpuMicros }]): Row[] => [
    {
      name: `${name}: p50 at 200/s`,
      value: at200.p50Ms,
      unit: "ms",
      note: `${bodyBytes} bytes, TLS, kept connections`,
    },
    { name: `${name}: p99 at 200/s`, value: at200.p99Ms, unit: "ms" },
    {
      name: `${name}: highest rate, p99 under 50 ms`,
      value: highest.rate,
      unit: "/s",
      note: `p99 ${highest.p99Ms} ms`,
    },
    { name: `${name}: CPU for a request`, value: cpuMicros, unit: "us" },
    {
      name: `${name}: RSS after the run`,
      value: rssMiB,
      unit: "MiB",
      ...(name === "admission" && { goal: { atMost: 120 } }),
    },
  ]);
  return [
    ...figures,
    { name: "admission over bare: rate", value: rateRatio, unit: "", goal: { atLeast: 0.7 } },
    { name: "admission over bare: p99 at 200/s", value: p99Ratio, unit: "", goal: { atMost: 1.5 } },
    {
      name: "bare over admission: CPU for a request",
      value: cpuRatio,
      unit: "",
      note: "the rate's ratio on a machine of its own",
    },
  ];
}
