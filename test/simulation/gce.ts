import type { Address, GcpCalls, GcpOptions, Instance } from "../../shared/clouds/gcp/calls.ts";
import { gcpError, isNotFound, OperationFailed } from "../../shared/clouds/gcp/errors.ts";
import { cloudOver } from "../../shared/clouds/gcp/over-calls.ts";
import type { Cloud } from "../../shared/clouds/port.ts";
import { isRemoval, numberOf, requireOn, type Operations } from "./operations.ts";
import type { State, TrueAddress, TrueMachine, Truth } from "./truth.ts";
import { NoAnswer, Refused, type Send } from "./weather.ts";

export const place: GcpOptions & { readonly zone: string } = {
  project: "lab",
  region: "europe-west1",
  zone: "europe-west1-b",
};

/** A detach has taken off what was no address of a pool: it was done already, and the node had its own way out again. */
export type TwiceReleased = (machine: string, by: string) => void;

/** The project's own adapter of GCP over a simulated GCE: one access config for an interface, changed by operations. */
export function createGceCloud(
  truth: Truth,
  operations: Operations,
  send: Send,
  by: string,
  twiceReleased: TwiceReleased,
): Cloud {
  return cloudOver(createCalls(truth, operations, send, by, twiceReleased), place);
}

function createCalls(
  truth: Truth,
  operations: Operations,
  send: Send,
  by: string,
  twiceReleased: TwiceReleased,
): GcpCalls {
  async function call<T>(
    action: string,
    changes: boolean,
    machine: string,
    perform: (state: State) => T | Promise<T>,
    inventory = false,
  ): Promise<T> {
    try {
      // Lists may be behind; one instance is read as it is.
      const exact = changes || action === "instances.get";
      return await send({ action, changes, machine, exact, inventory }, perform);
    } catch (error) {
      throw asGaxSays(error);
    }
  }
  const read = <T>(action: string, machine: string, perform: (state: State) => T, inventory?: boolean): Promise<T> =>
    call(action, false, machine, perform, inventory).catch((error: unknown) => {
      throw gcpError(error, action, machine);
    });
  const idOf = (name: string): string => {
    const machine = named(truth, name);
    if (machine === undefined) throw answered(404, `there is no ${name}`);
    return machine.id;
  };

  return {
    getInstance: (_zone, name) =>
      call("instances.get", false, named(truth, name)?.id ?? "", (state) => {
        const machine = named(state, name);
        if (machine === undefined) throw answered(404, `there is no ${name}`);
        return instanceOf(state, machine);
      }).catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw gcpError(error, "instances.get", name);
      }),
    listInstances: (_zone, filter) =>
      read("instances.list", "", (state) =>
        [...state.machines.values()]
          .filter((machine) => machine.cloud === "gcp" && machine.power !== "terminated")
          .filter((machine) => filter.includes(`name="${nameOf(machine)}"`))
          .map((machine) => instanceOf(state, machine)),
      ),
    listAddresses: (filter) =>
      read(
        "addresses.list",
        "",
        (state) =>
          [...state.addresses.values()]
            .filter(({ cloud }) => cloud === "gcp")
            .filter(
              ({ id, ip }) => filter === "" || filter.includes(`name="${id}"`) || filter.includes(`address="${ip}"`),
            )
            .map((address) => addressOf(state, address)),
        filter === "",
      ),
    listOperations: (_zone, filter) =>
      read("zoneOperations.list", "", () => {
        const [, target = "", type = ""] = /targetId=(\d+).*operationType="(\w+)"/.exec(filter) ?? [];
        return operations.list(target, type);
      }),
    deleteConfig: ({ instance, requestId }, config) =>
      call("deleteAccessConfig", true, named(truth, instance)?.id ?? "", () => {
        const machine = idOf(instance);
        return operations.start("deleteAccessConfig", requestId, machine, () => {
          requireOn(truth, machine);
          if (truth.machines.get(machine)?.config !== config) {
            throw new OperationFailed("INVALID_FIELD_VALUE", "The access config does not exist.");
          }
          if (isRemoval(requestId) && truth.carriedBy(machine) === null) twiceReleased(machine, by);
          truth.dropConfig(machine, by);
        });
      }),
    addConfig: ({ instance, requestId }, { name, natIP }) =>
      call("addAccessConfig", true, named(truth, instance)?.id ?? "", () => {
        const machine = idOf(instance);
        return operations.start("addAccessConfig", requestId, machine, () => {
          requireOn(truth, machine);
          if (truth.machines.get(machine)?.config !== null) {
            throw new OperationFailed("INVALID_USAGE", "At most one access config currently supported.");
          }
          if (natIP === undefined) {
            truth.giveEphemeral(machine, name);
            return;
          }
          const address = [...truth.addresses.values()].find(({ ip }) => ip === natIP);
          if (address === undefined) throw new OperationFailed("INVALID_FIELD_VALUE", `${natIP} is not reserved.`);
          if (address.machine !== null) {
            throw new OperationFailed("IP_IN_USE_BY_ANOTHER_RESOURCE", `${natIP} is already in-use.`);
          }
          truth.attach(address.id, machine, by, name);
        });
      }),
    wait: (_zone, operation) => call("zoneOperations.wait", false, "", () => operations.wait(operation)),
  };
}

const nameOf = ({ id }: TrueMachine): string => id.slice(0, id.lastIndexOf("."));

function named(state: State, name: string): TrueMachine | undefined {
  return [...state.machines.values()].find(
    (machine) => machine.cloud === "gcp" && machine.power !== "terminated" && nameOf(machine) === name,
  );
}

/** An error in the form that Google's client library gives it (shared/clouds/gcp/errors.ts). */
function answered(httpStatusCode: number, message: string, reason?: string): Error {
  return Object.assign(new Error(message), { code: 2, httpStatusCode, ...(reason === undefined ? {} : { reason }) });
}

function asGaxSays(error: unknown): unknown {
  if (error instanceof NoAnswer) return Object.assign(error, { code: 14 });
  if (!(error instanceof Refused)) return error;
  if (error.why === "broken") return answered(503, error.message);
  return error.why === "denied"
    ? answered(403, error.message, "forbidden")
    : answered(403, error.message, "RATE_LIMIT_EXCEEDED");
}

function instanceOf(state: State, machine: TrueMachine): Instance {
  const carried = [...state.addresses.values()].find((address) => address.machine === machine.id);
  const natIP = carried?.ip ?? machine.ephemeral;
  const config =
    machine.config === null
      ? []
      : [{ name: machine.config, networkTier: "PREMIUM", ...(natIP === null ? {} : { natIP }) }];
  return {
    id: numberOf(machine.id),
    name: nameOf(machine),
    status: machine.power === "on" ? "RUNNING" : "TERMINATED",
    networkInterfaces: Array.from({ length: machine.interfaces }, (_, index) => ({
      name: `nic${index}`,
      accessConfigs: index === 0 ? config : [],
    })),
  } as unknown as Instance;
}

function addressOf(state: State, { id, ip, machine }: TrueAddress): Address {
  const on = machine === null ? undefined : state.machines.get(machine);
  const user = on && `https://www.googleapis.com/compute/v1/projects/lab/zones/${place.zone}/instances/${nameOf(on)}`;
  return {
    name: id,
    address: ip,
    addressType: "EXTERNAL",
    networkTier: "PREMIUM",
    status: machine === null ? "RESERVED" : "IN_USE",
    users: user === undefined ? [] : [user],
  } as unknown as Address;
}
