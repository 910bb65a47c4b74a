import { execFile } from "node:child_process";

/** Runs a program to its end and gives its standard output; rejects with what it wrote to standard error. */
export function run(program: string, args: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${program} ${args.join(" ")}: ${stderr.trim() || error.message}`, { cause: error }));
      else resolve(stdout);
    });
    child.stdin?.end(input);
  });
}

/** kubectl against the cluster of KUBECONFIG. */
export const kubectl = (...args: string[]): Promise<string> => run("kubectl", args);

/** Applies objects as they are. */
export const apply = (...objects: readonly object[]): Promise<string> =>
  run("kubectl", ["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));

/** `kubectl get … -o json`, parsed. */
export async function get<T>(...args: string[]): Promise<T> {
  return JSON.parse(await kubectl("get", ...args, "-o", "json")) as T;
}
