import { ApiException } from "@kubernetes/client-node";

/** HTTP codes that are answers, not errors. */
export const gone = 404;
export const conflict = 409;

/** What the API server answered, or null when it answered with one of `codes`; other failures reject. */
export async function orNull<T>(answer: Promise<T>, ...codes: readonly number[]): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiException && codes.includes(error.code)) return null;
    throw error;
  }
}
