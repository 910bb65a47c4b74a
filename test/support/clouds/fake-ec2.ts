import { bodyOf, type FakeAddress, type FakeNode, type FakeServer, type FakeWorld, listen } from "./fake.ts";

class Refused extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** EC2's query protocol for the five actions in use: form in, XML out. `before` is waited for before an action is answered. */
export function startFakeEc2(
  world: FakeWorld,
  before: (action: string) => Promise<void> | void = () => undefined,
): Promise<FakeServer> {
  const told = new Map<string, [number, string]>();
  return listen((request, response) => {
    void (async () => {
      const form = new URLSearchParams(await bodyOf(request));
      const action = form.get("Action") ?? "";
      await before(action);
      const fault = world.take(action);
      if (fault?.kind === "drop-before") return void request.socket.destroy();
      const old = fault?.kind === "stale-reads" ? told.get(form.toString()) : undefined;
      const [status, xml] = old ?? answer(world, action, form, fault?.kind);
      told.set(form.toString(), [status, xml]);
      if (fault?.kind === "drop-after") return void request.socket.destroy();
      response.writeHead(status, { "content-type": "text/xml" }).end(xml);
    })();
  });
}

function answer(world: FakeWorld, action: string, form: URLSearchParams, fault?: string): [number, string] {
  try {
    if (fault === "throttle") throw new Refused("RequestLimitExceeded", "Request limit exceeded.", 503);
    if (fault === "revoke") throw new Refused("UnauthorizedOperation", "You are not authorized.", 403);
    if (fault === "error") throw new Refused("InternalError", "An internal error has occurred", 500);
    const perform = actions[action];
    if (perform === undefined) throw new Refused("InvalidAction", `The action ${action} is not valid`);
    const name = `${action}Response`;
    return [200, `<${name} xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">${perform(world, form)}</${name}>`];
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const inner = `<Error><Code>${error.code}</Code><Message>${error.message}</Message></Error>`;
    return [error.status, `<Response><Errors>${inner}</Errors><RequestID>r</RequestID></Response>`];
  }
}

const actions: Record<string, (world: FakeWorld, form: URLSearchParams) => string> = {
  DescribeInstances: (world, form) => {
    const wanted = new Set([...form].filter(([key]) => /^Filter\.1\.Value\.\d+$/.test(key)).map(([, id]) => id));
    const filtered = world.nodes.filter(({ id }) => wanted.has(id));
    const found = form.has("Filter.1.Name") ? filtered : [instance(world, form.get("InstanceId.1"))];
    return `<reservationSet>${found.map((node) => instanceXml(world, node)).join("")}</reservationSet>`;
  },
  DescribeAddresses: (world, form) => {
    const id = form.get("AllocationId.1");
    const chosen = id === null ? world.addresses.filter(matcher(form)) : [allocation(world, id)];
    return `<addressesSet>${chosen.map(addressXml).join("")}</addressesSet>`;
  },
  DescribeRouteTables: (_world, form) => {
    const subnet = form.get("Filter.1.Value.1")?.replace("subnet-", "");
    const gateway = subnet === "public" ? "igw-1" : "local";
    const route = `<routeSet><item><gatewayId>${gateway}</gatewayId><state>active</state></item></routeSet>`;
    return `<routeTableSet><item>${route}</item></routeTableSet>`;
  },
  AssociateAddress: (world, form) => {
    const address = allocation(world, form.get("AllocationId"));
    const [name] = form.get("NetworkInterfaceId")?.replace("eni-", "").split("/") ?? [];
    const node = world.nodes.find((candidate) => candidate.name === name);
    if (node === undefined) throw new Refused("InvalidNetworkInterfaceID.NotFound", "no such interface");
    if (node.subnet === "private") throw new Refused("Gateway.NotAttached", "Network is not attached to any gateway");
    const reassociate = form.get("AllowReassociation") !== "false";
    if (address.holder !== null && address.holder !== node && !reassociate) {
      throw new Refused("Resource.AlreadyAssociated", `resource ${address.id} is already associated`);
    }
    // As EC2 does it: what was there before is silently displaced.
    for (const other of world.addresses) if (other.holder === node) other.holder = null;
    address.holder = node;
    node.ephemeral = null;
    return `<return>true</return><associationId>${address.association}</associationId>`;
  },
  DisassociateAddress: (world, form) => {
    const id = form.get("AssociationId");
    const address = world.addresses.find((candidate) => candidate.holder !== null && candidate.association === id);
    const node = address?.holder;
    if (!address || !node)
      throw new Refused("InvalidAssociationID.NotFound", `The association ID '${id}' does not exist`);
    address.holder = null;
    if (node.nics === 1) world.giveEphemeral(node);
    return "<return>true</return>";
  },
};

function instance(world: FakeWorld, id: string | null): FakeNode {
  const node = world.nodes.find((candidate) => candidate.id === id);
  if (node === undefined) throw new Refused("InvalidInstanceID.NotFound", `The instance ID '${id}' does not exist`);
  return node;
}

function allocation(world: FakeWorld, id: string | null): FakeAddress {
  const address = world.addresses.find((candidate) => candidate.id === id);
  if (!address) throw new Refused("InvalidAllocationID.NotFound", `The allocation ID '${id}' does not exist`);
  return address;
}

/** Only `tag:NAME` filters; any other name is refused, as EC2 does with one it does not know. */
function matcher(form: URLSearchParams): (address: FakeAddress) => boolean {
  const names = [...form].filter(([key]) => /^Filter\.\d+\.Name$/.test(key));
  return (address) =>
    names.every(([key, name]) => {
      if (!name.startsWith("tag:")) throw new Refused("InvalidParameterValue", `The filter '${name}' is invalid`);
      const prefix = key.replace("Name", "Value.");
      const values = [...form].filter(([other]) => other.startsWith(prefix)).map(([, value]) => value);
      return values.includes(address.tags[name.slice("tag:".length)] ?? "");
    });
}

function instanceXml(world: FakeWorld, node: FakeNode): string {
  const nics = Array.from({ length: node.nics }, (_, index) => nicXml(world, node, index)).join("");
  const item = `<instanceId>${node.id}</instanceId><instanceState><name>running</name></instanceState>`;
  const set = `<item>${item}<networkInterfaceSet>${nics}</networkInterfaceSet></item>`;
  return `<item><instancesSet>${set}</instancesSet></item>`;
}

function nicXml(world: FakeWorld, node: FakeNode, index: number): string {
  const ip = index === 0 ? world.egressIp(node) : null;
  const owner = world.reservedOn(node) === undefined ? "amazon" : "123456789012";
  const association = ip
    ? `<association><ipOwnerId>${owner}</ipOwnerId><publicIp>${ip}</publicIp></association>`
    : "<association/>";
  const place = `<subnetId>subnet-${node.subnet}</subnetId><vpcId>vpc-1</vpcId>`;
  const attachment = `<attachment><deviceIndex>${index}</deviceIndex></attachment>`;
  const id = `<networkInterfaceId>eni-${node.name}/${index}</networkInterfaceId>`;
  return `<item>${association}${attachment}${id}${place}</item>`;
}

function addressXml(address: FakeAddress): string {
  const { holder } = address;
  const tags = Object.entries(address.tags).map(([k, v]) => `<item><key>${k}</key><value>${v}</value></item>`);
  const use = holder
    ? `<instanceId>${holder.id}</instanceId><associationId>${address.association}</associationId><networkInterfaceId>eni-${holder.name}/0</networkInterfaceId>`
    : "";
  const id = `<allocationId>${address.id}</allocationId><publicIp>${address.ip}</publicIp>`;
  return `<item>${id}${use}<tagSet>${tags.join("")}</tagSet></item>`;
}
