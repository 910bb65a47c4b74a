import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Logger } from "../shared/log.ts";

/** The CAs that the webhook is believed by, PEM. */
export interface Trust {
  current(): string;
  /** Told over a connection that is believed already. Never rejects. */
  replace(ca: string): Promise<void>;
}

/**
 * Begins with what the pod was injected with, or with what an earlier container of the pod has kept in `file`: the pod's
 * environment stays as it was when the CA is renewed.
 */
export async function keptTrust(file: string, injected: string, log: Logger): Promise<Trust> {
  let current = await kept(file, injected);
  return {
    current: () => current,
    async replace(ca) {
      current = ca;
      try {
        await mkdir(dirname(file), { recursive: true });
        await writeFile(`${file}.new`, ca);
        await rename(`${file}.new`, file);
        log.info("the webhook's CA has been renewed");
      } catch (error) {
        log.warn({ error }, "the webhook's CA not kept: a restarted container begins with the injected one");
      }
    },
  };
}

async function kept(file: string, injected: string): Promise<string> {
  try {
    const text = await readFile(file, "utf8");
    return text.includes("-----BEGIN CERTIFICATE-----") ? text : injected;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return injected;
    throw error;
  }
}
