import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

const patienceMs = 3000;
const longestAnswer = 64 * 1024;
/** A full stop may follow, a further number may not. */
const ipv4 = /(?<!\d|\d\.)\d{1,3}(?:\.\d{1,3}){3}(?!\d|\.\d)/g;

/**
 * Asks an echo URL through the pod's own network which address it sees; null when it sees `ip`, else what is wrong. A new
 * connection each time: an old one would keep the address it was opened from.
 */
export async function verifyAddress(url: string, ip: string, signal: AbortSignal): Promise<string | null> {
  const late = AbortSignal.timeout(patienceMs); // for the whole answer: a socket's timeout begins anew with each byte
  try {
    const text = await get(url, AbortSignal.any([signal, late]));
    const seen: string[] = text.match(ipv4) ?? [];
    if (seen.includes(ip)) return null;
    return `${url} saw ${seen.length === 0 ? "no address" : seen.slice(0, 3).join(", ")} instead of ${ip}`;
  } catch (error) {
    if (late.aborted) return `${url} did not answer in ${patienceMs} ms`;
    return `${url} did not answer: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function get(url: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = (url.startsWith("https:") ? requestHttps : requestHttp)(
      url,
      { agent: false, signal, headers: { "user-agent": "static-egress" } },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
          if (text.length > longestAnswer) request.destroy(new Error(`more than ${longestAnswer} bytes`));
        });
        response.on("error", reject);
        response.on("end", () => {
          if (response.statusCode === 200) resolve(text);
          else reject(new Error(`HTTP status ${response.statusCode ?? 0}`));
        });
      },
    );
    request.on("error", reject);
    request.end();
  });
}
