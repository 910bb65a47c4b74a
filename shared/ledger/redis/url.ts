interface Credentials {
  username?: string;
  password?: string;
}

interface Host {
  host: string;
  port: number;
}

export type RedisTarget =
  | { kind: "single"; url: string }
  | { kind: "sentinel"; sentinels: Host[]; name: string; options: Credentials & { db: number } }
  | { kind: "cluster"; nodes: Host[]; options: Credentials };

const accepted =
  "accepted: redis://[user:password@]host[:6379][/db], rediss://…, redis+sentinel://host:26379[,host…]/master-name[/db], " +
  "redis+cluster://host:6379[,host…]; characters such as @ : / in a password are written as %40 %3A %2F";

const form = /^([a-z+]+):\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/([^@/?#]*))?(?:\/(\d+))?$/;
const hostForm = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/i;

/** What is wrong with a REDIS_URL, or what it means. The value itself is never repeated: it may hold a password. */
export function readRedisUrl(url: string): { target: RedisTarget } | { problem: string } {
  const refused = (why: string) => ({ problem: `${why}; ${accepted}` });
  const match = form.exec(url);
  if (match === null) return refused("not a URL of Redis");
  const [, scheme = "", userinfo = "", hosts = "", path = "", db] = match;
  const defaultPort = scheme === "redis+sentinel" ? 26379 : 6379;
  const nodes = hosts.split(",").map((text) => hostOf(text, defaultPort));
  if (!nodes.every((node) => node !== undefined)) return refused("a host or port is missing or not one");
  const options = credentialsOf(userinfo);
  if (options === undefined) return refused("user and password are not percent-encoded");

  switch (scheme) {
    case "redis":
    case "rediss":
      if (nodes.length > 1 || db !== undefined || !/^\d*$/.test(path) || !URL.canParse(url))
        return refused(`${scheme}:// takes one host and the number of a database`);
      return { target: { kind: "single", url } };
    case "redis+cluster":
      if (path !== "" || db !== undefined) return refused("redis+cluster:// takes hosts alone");
      return { target: { kind: "cluster", nodes, options } };
    case "redis+sentinel":
      if (path === "") return refused("redis+sentinel:// needs the master's name as path");
      return {
        target: { kind: "sentinel", sentinels: nodes, name: path, options: { ...options, db: Number(db ?? 0) } },
      };
    default:
      return refused("unknown scheme");
  }
}

function hostOf(text: string, defaultPort: number): Host | undefined {
  const match = hostForm.exec(text);
  const port = Number(match?.[3] ?? defaultPort);
  const host = match?.[1] ?? match?.[2];
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

/** The password may hold colons, as in a URL. Undefined when it cannot be decoded. */
function credentialsOf(userinfo: string): Credentials | undefined {
  const colon = userinfo.indexOf(":");
  try {
    const username = decodeURIComponent(colon === -1 ? userinfo : userinfo.slice(0, colon));
    const password = colon === -1 ? "" : decodeURIComponent(userinfo.slice(colon + 1));
    return { ...(username === "" ? {} : { username }), ...(password === "" ? {} : { password }) };
  } catch {
    return undefined;
  }
}
