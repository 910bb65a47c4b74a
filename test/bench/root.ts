import { fileURLToPath } from "node:url";

/** The repository: `dist/` below it is what is measured (npm run bench builds it). */
export const root = fileURLToPath(new URL("../..", import.meta.url));
