import { readFileSync } from "node:fs";

export interface ProcessMemory {
  readonly rssMiB: number;
  /** What is the process' own alone: not the text of the Node binary, which all sidecars of a machine share. */
  readonly anonymousMiB: number;
}

/** As proc_pid_status(5) has it: VmRSS and RssAnon, in KiB there. */
export function memoryOf(pid: number): ProcessMemory {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mebibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
  return { rssMiB: mebibytes("VmRSS"), anonymousMiB: mebibytes("RssAnon") };
}

/** User and system time so far (proc_pid_stat(5), fields 14 and 15, in hundredths of a second). */
export function cpuMsOf(pid: number): number {
  const afterName = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "");
  const fields = afterName.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
