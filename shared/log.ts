import { pino, type Logger } from "pino";

export type { Logger };

/** Names under which secrets could travel in a log record; their values are never written. */
const redacted = ["*.authorization", "*.token", "*.password", "*.secretAccessKey", "*.redisUrl", "redisUrl"];

/**
 * Several records in one write, none older than this many milliseconds: a write for each costs more than the record. The most
 * that pino's stream takes in one write is 16 KiB.
 */
const inBackground = { sync: false, minLength: 15_000, periodicFlush: 100 };

/**
 * JSON lines on standard output: constant messages, data in fields, one line a decision or state change at info.
 * Error objects go under `error`; their code, fix and cause are kept. `background`: records are written while the program
 * goes on, for those who log on a hot path; they are flushed at the end, and only a SIGKILL may lose the last ones.
 */
export function createLogger(options: { name: string; level: string; background?: boolean }): Logger {
  return pino(
    {
      name: options.name,
      level: options.level,
      base: { name: options.name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redacted, censor: "[redacted]" },
      serializers: { error: serializeError },
    },
    pino.destination({ dest: 1, ...(options.background === true && inBackground) }),
  );
}

function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause, code, fix } = error as Error & { code?: unknown; fix?: unknown };
  return { name, code, message, fix, stack, cause: cause === undefined ? undefined : serializeError(cause) };
}
