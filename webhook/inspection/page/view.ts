import type { Route } from "./route.ts";

/** What a view shows, from what it has read; drawn again each second, as ages grow. `nowMs`: of the ledger's clock. */
export interface Shown {
  readonly title: string;
  readonly nowMs: number;
  draw(nowMs: number): readonly Node[];
}

/** Reads what the route asks for. Rejects with a Refusal. */
export type View = (route: Route) => Promise<Shown>;

/** Rows on one page of a list. */
export const pageSize = 50;

export const partOf = ({ page }: Route) => ({ limit: pageSize, offset: (page - 1) * pageSize });
