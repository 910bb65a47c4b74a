import { bodyOf, type FakeAddress, type FakeNode, type FakeServer, type FakeWorld, listen } from "./fake.ts";

export const project = "lab-project";
const base = `https://www.googleapis.com/compute/v1/projects/${project}`;

interface FakeOperation {
  readonly name: string;
  readonly targetId: string;
  readonly operationType: string;
  readonly clientOperationId: string;
  status: "RUNNING" | "DONE";
  error?: { errors: { code: string; message: string }[] };
}

class Refused extends Error {
  readonly status: number;
  readonly reason: string;
  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

interface Call {
  readonly action: string;
  readonly name: string;
  readonly query: URLSearchParams;
  readonly body: Record<string, string>;
  readonly fault: string | undefined;
}

/** GCE's JSON REST for the seven methods in use; an operation takes effect when it is waited for, as late as can be. */
export function startFakeGce(world: FakeWorld): Promise<FakeServer> {
  const operations: (FakeOperation & { readonly apply: () => void })[] = [];

  const start = (call: Call, node: FakeNode, apply: () => void) => {
    const requestId = call.query.get("requestId") ?? "";
    const repeated = operations.find((operation) => operation.clientOperationId === requestId);
    if (repeated) return shown(repeated);
    const operation = {
      name: `operation-${operations.length + 1}`,
      targetId: node.id,
      operationType: call.action.replace("instances.", ""),
      clientOperationId: requestId,
      status: "RUNNING" as const,
      apply: () => {
        if (call.fault === "operation-error") throw new Refused(500, "INTERNAL_ERROR", "injected");
        apply();
      },
    };
    operations.push(operation);
    return shown(operation);
  };

  const methods: Record<string, (call: Call) => unknown> = {
    "instances.get": ({ name }) => instanceJson(world, find(world.nodes, name, "instance")),
    "instances.list": ({ query }) => ({
      items: world.nodes.filter((node) => filtered(query, { name: node.name })).map((n) => instanceJson(world, n)),
    }),
    "addresses.list": ({ query }) => ({
      items: world.addresses
        .filter(({ name, ip, tags }) => filtered(query, { name, address: ip, ...prefixed(tags) }))
        .map(addressJson),
    }),
    "zoneOperations.list": ({ query }) => ({
      items: operations.filter((one) => filtered(query, { ...one, error: "" })).map(shown),
    }),
    "zoneOperations.wait": ({ name }) => shown(settle(find(operations, name, "operation"))),
    "instances.deleteAccessConfig": (call) => {
      const node = find(world.nodes, call.name, "instance");
      return start(call, node, () => {
        if (node.config?.name !== call.query.get("accessConfig")) {
          throw new Refused(400, "INVALID_FIELD_VALUE", "The access config does not exist.");
        }
        const address = world.reservedOn(node);
        if (address) address.holder = null;
        node.ephemeral = null;
        node.config = null;
      });
    },
    "instances.addAccessConfig": (call) => {
      const node = find(world.nodes, call.name, "instance");
      return start(call, node, () => {
        if (node.config) throw new Refused(400, "INVALID_USAGE", "At most one access config currently supported.");
        const { natIP, name = "External NAT", networkTier = "PREMIUM" } = call.body;
        const address = world.addresses.find(({ ip }) => ip === natIP);
        if (address?.holder) throw new Refused(400, "IP_IN_USE_BY_ANOTHER_RESOURCE", `${natIP} is already in-use.`);
        if (address && address.tier !== networkTier) throw new Refused(400, "INVALID_FIELD_VALUE", "network tier");
        node.config = { name, tier: networkTier };
        if (address) address.holder = node;
        else world.giveEphemeral(node);
      });
    },
  };

  const told = new Map<string, [number, unknown]>();
  return listen((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? "", "http://fake");
      const text = await bodyOf(request);
      const [, collection = "", name = "", verb] =
        /\/(instances|addresses|operations)(?:\/([^/]+))?(?:\/(\w+))?$/.exec(url.pathname) ?? [];
      const resource = collection === "operations" ? "zoneOperations" : collection;
      const action = `${resource}.${verb ?? (name ? "get" : "list")}`;
      const fault = world.take(action)?.kind;
      if (fault === "drop-before") return void request.socket.destroy();
      const body = text === "" ? {} : (JSON.parse(text) as Record<string, string>);
      const old = fault === "stale-reads" ? told.get(url.href) : undefined;
      const [status, json] = old ?? answer(methods, { action, name, query: url.searchParams, body, fault });
      told.set(url.href, [status, json]);
      if (fault === "drop-after") return void request.socket.destroy();
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(json));
    })();
  });
}

function answer(methods: Record<string, (call: Call) => unknown>, call: Call): [number, unknown] {
  try {
    if (call.fault === "throttle") throw new Refused(403, "rateLimitExceeded", "Quota exceeded for quota metric");
    if (call.fault === "revoke") {
      throw new Refused(403, "forbidden", `Required 'compute.${call.action}' permission for '${call.name}'`);
    }
    const method = methods[call.action];
    if (method === undefined) throw new Refused(404, "notFound", `no such method: ${call.action}`);
    return [200, method(call)];
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return [error.status, errorJson(error)];
  }
}

function errorJson({ status, reason, message }: Refused) {
  const limited = reason === "rateLimitExceeded";
  const info = { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "RATE_LIMIT_EXCEEDED" };
  const more = limited ? { status: "PERMISSION_DENIED", details: [{ ...info, domain: "googleapis.com" }] } : {};
  return { error: { code: status, message, errors: [{ message, reason }], ...more } };
}

function settle<T extends FakeOperation & { readonly apply: () => void }>(operation: T): T {
  if (operation.status === "DONE") return operation;
  operation.status = "DONE";
  try {
    operation.apply();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    operation.error = { errors: [{ code: error.reason, message: error.message }] };
  }
  return operation;
}

function shown({ name, targetId, operationType, clientOperationId, status, error }: FakeOperation) {
  return { name, targetId, operationType, clientOperationId, status, ...(error ? { error } : {}) };
}

function find<T extends { readonly name: string }>(all: readonly T[], name: string, kind: string): T {
  const found = all.find((one) => one.name === name);
  if (found === undefined) throw new Refused(404, "notFound", `The ${kind} '${name}' was not found`);
  return found;
}

const prefixed = (tags: Record<string, string>) =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [`labels.${key}`, value]));

/** `(field="value")` terms joined by either AND or OR: no more of the language than the suite needs. */
function filtered(query: URLSearchParams, row: Record<string, unknown>): boolean {
  const filter = query.get("filter") ?? "";
  if (filter === "") return true;
  const terms = filter.split(/ (?:AND|OR) /).map((term) => {
    const [, field, value] = /^\(*([\w.-]+)="?([^"=][^"]*?)"?\)*$/.exec(term) ?? [];
    if (field === undefined) throw new Refused(400, "invalid", `Invalid value for field 'filter': '${filter}'.`);
    return String(row[field]) === value;
  });
  return filter.includes(" OR ") ? terms.some(Boolean) : terms.every(Boolean);
}

function instanceJson(world: FakeWorld, node: FakeNode) {
  const natIP = world.egressIp(node);
  const config = node.config && { name: node.config.name, networkTier: node.config.tier, ...(natIP ? { natIP } : {}) };
  const networkInterfaces = Array.from({ length: node.nics }, (_, index) => ({
    name: `nic${index}`,
    ...(config && index === 0 ? { accessConfigs: [config] } : {}),
  }));
  return { name: node.name, id: node.id, status: "RUNNING", networkInterfaces };
}

function addressJson({ name, ip, tags, tier, holder }: FakeAddress) {
  const users = holder ? [`${base}/zones/${holder.zone}/instances/${holder.name}`] : [];
  const status = holder ? "IN_USE" : "RESERVED";
  return { name, address: ip, labels: tags, networkTier: tier, addressType: "EXTERNAL", status, users };
}
