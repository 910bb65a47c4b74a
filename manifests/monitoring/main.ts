import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { monitoringFiles, queriesAsRules } from "./files.ts";

const usage = `npm run monitoring -- [--queries]

Writes docs/metrics.md, the alert rules and the Grafana dashboard from shared/metrics.ts and manifests/monitoring/.
--queries prints the dashboard's queries as rules instead, for promtool.
`;

const { values } = parseArgs({ options: { queries: { type: "boolean" }, help: { type: "boolean", short: "h" } } });
if (values.help === true) process.stdout.write(usage);
else if (values.queries === true) process.stdout.write(queriesAsRules());
else for (const [path, content] of monitoringFiles()) writeFileSync(new URL(`../../${path}`, import.meta.url), content);
