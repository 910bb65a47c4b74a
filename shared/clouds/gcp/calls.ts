import { AddressesClient } from "@google-cloud/compute/build/src/v1/addresses_client.js";
import { InstancesClient } from "@google-cloud/compute/build/src/v1/instances_client.js";
import { ZoneOperationsClient } from "@google-cloud/compute/build/src/v1/zone_operations_client.js";
import type { protos } from "@google-cloud/compute";
import { PassThroughClient } from "google-auth-library";
import { type Clock, systemClock } from "../../clock.ts";
import type { OnCloudCall } from "../port.ts";
import { cloudCode, gcpError, isNotFound } from "./errors.ts";

type V1 = typeof protos.google.cloud.compute.v1;
export type Instance = ReturnType<V1["Instance"]["create"]>;
export type Address = ReturnType<V1["Address"]["create"]>;
export type Operation = ReturnType<V1["Operation"]["create"]>;

export interface GcpOptions {
  readonly project: string;
  readonly region: string;
  /** `http://host:port` of another service that speaks GCE's language; it is called without credentials. */
  readonly endpoint?: string;
  readonly onCall?: OnCloudCall;
  readonly clock?: Clock;
}

/** Which machine a change is about, and the token that makes a repeated request harmless. */
export interface Target {
  readonly zone: string;
  readonly instance: string;
  readonly networkInterface: string;
  readonly requestId: string;
}

/** What an access config shall be; without `natIP` an ephemeral address. */
export interface NewConfig {
  readonly name: string;
  readonly networkTier: string;
  readonly natIP?: string;
}

/** The GCE actions in use. Reads throw EgressError; changes and `wait` throw what the SDK threw, to be judged by the caller. */
export interface GcpCalls {
  getInstance(zone: string, name: string): Promise<Instance | undefined>;
  listInstances(zone: string, filter: string): Promise<Instance[]>;
  listAddresses(filter: string): Promise<Address[]>;
  listOperations(zone: string, filter: string): Promise<Operation[]>;
  deleteConfig(target: Target, name: string): Promise<Operation>;
  addConfig(target: Target, config: NewConfig): Promise<Operation>;
  wait(zone: string, operation: string): Promise<Operation>;
}

/** No repeats by gax: they would be unseen by onCall, and last up to ten minutes. */
const once = (timeoutMs: number) => ({ timeout: timeoutMs, retry: { retryCodes: [] } });
const callMs = 12_000;
/** GCE answers a wait after two minutes at the latest; asking more often finds a dead connection sooner. */
const waitMs = 30_000;

/** Only the three clients in use are loaded, not the whole package: a third of its memory. */
export function createGcpCalls(options: GcpOptions): GcpCalls {
  const { project, region } = options;
  const [instances, addresses, operations] = [
    new InstancesClient(clientOptions(options.endpoint)),
    new AddressesClient(clientOptions(options.endpoint)),
    new ZoneOperationsClient(clientOptions(options.endpoint)),
  ];
  const counted = counter(options);

  const read = <T>(action: string, subject: string, call: () => Promise<[T, ...unknown[]]>): Promise<T> =>
    counted(action, call).catch((error: unknown) => {
      throw gcpError(error, `compute.${action}`, subject);
    });

  return {
    getInstance: (zone, instance) =>
      counted("instances.get", () => instances.get({ project, zone, instance }, once(callMs))).catch(
        (error: unknown) => {
          if (isNotFound(error)) return undefined;
          throw gcpError(error, "compute.instances.get", `${zone}/${instance}`);
        },
      ) as Promise<Instance | undefined>,
    listInstances: (zone, filter) =>
      read("instances.list", zone, () => instances.list({ project, zone, filter }, once(callMs))) as Promise<
        Instance[]
      >,
    listAddresses: (filter) =>
      read("addresses.list", `${region} with filter '${filter}'`, () =>
        addresses.list({ project, region, filter }, once(callMs)),
      ) as Promise<Address[]>,
    listOperations: (zone, filter) =>
      read("zoneOperations.list", zone, () => operations.list({ project, zone, filter }, once(callMs))) as Promise<
        Operation[]
      >,
    deleteConfig: async (target, accessConfig) => {
      const request = { project, ...target, accessConfig };
      const call = () => instances.deleteAccessConfig(request, once(callMs));
      return (await counted("instances.deleteAccessConfig", call)).latestResponse as unknown as Operation;
    },
    addConfig: async (target, config) => {
      const accessConfigResource = { type: "ONE_TO_ONE_NAT", ...config };
      const request = { project, ...target, accessConfigResource };
      const call = () => instances.addAccessConfig(request, once(callMs));
      return (await counted("instances.addAccessConfig", call)).latestResponse as unknown as Operation;
    },
    wait: (zone, operation) =>
      counted("zoneOperations.wait", () =>
        operations.wait({ project, zone, operation }, once(waitMs)),
      ) as Promise<Operation>,
  };
}

function clientOptions(endpoint: string | undefined) {
  if (endpoint === undefined) return {};
  const { protocol, hostname, port } = new URL(endpoint);
  const scheme = protocol.slice(0, -1);
  return {
    apiEndpoint: hostname,
    port: Number(port) || (scheme === "http" ? 80 : 443),
    protocol: scheme,
    fallback: true,
    authClient: new PassThroughClient(),
  };
}

function counter({ onCall, clock = systemClock }: GcpOptions) {
  return async function counted<T>(action: string, call: () => Promise<[T, ...unknown[]]>): Promise<T> {
    const startedMs = clock();
    const report = (code: string) => onCall?.({ cloud: "gcp", action, code, durationMs: clock() - startedMs });
    try {
      const [answer] = await call();
      report("ok");
      return answer;
    } catch (error) {
      report(cloudCode(error));
      throw error;
    }
  };
}
