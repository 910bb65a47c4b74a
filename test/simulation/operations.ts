import type { Operation } from "../../shared/clouds/gcp/calls.ts";
import { OperationFailed } from "../../shared/clouds/gcp/errors.ts";
import { isRequestOf } from "../../shared/clouds/gcp/request-id.ts";
import type { Engine } from "./engine.ts";
import type { Truth } from "./truth.ts";
import type { Weather } from "./weather.ts";

/** What GCE tells of an operation, as far as anybody asks. */
interface Shown {
  readonly name: string;
  readonly operationType: string;
  readonly clientOperationId: string;
  readonly targetId: string;
  status: "RUNNING" | "DONE";
  error?: { errors: { code: string; message: string }[] };
}

interface Started {
  readonly shown: Shown;
  readonly ended: Promise<void>;
}

/** GCE's zonal operations: changes that take their time, one after the other on one machine, and may end in an error. */
export interface Operations {
  /** Starts a change, or answers the one that bears this requestId already. `change` throws OperationFailed. */
  start(type: string, requestId: string, machine: string, change: () => void): Operation;
  /** The operation once it has ended. */
  wait(name: string): Promise<Operation>;
  list(machineNumber: string, type: string): Operation[];
}

export const numberOf = (machine: string): string => machine.slice(machine.lastIndexOf(".") + 1);

export function createOperations(engine: Engine, weather: Weather): Operations {
  const { random } = engine.spawn("gce");
  const all = new Map<string, Started>();
  const lines = new Map<string, Promise<void>>();

  function perform(shown: Shown, change: () => void): void {
    shown.status = "DONE";
    try {
      if (random.chance(weather.failedOperations)) throw new OperationFailed("INTERNAL_ERROR", "it has just failed");
      change();
    } catch (error) {
      if (!(error instanceof OperationFailed)) throw error;
      shown.error = { errors: [{ code: error.operationCode, message: error.message }] };
    }
  }

  return {
    start(operationType, requestId, machine, change) {
      const known = [...all.values()].find(({ shown }) => shown.clientOperationId === requestId);
      if (known !== undefined) return told(known.shown);
      const name = `operation-${all.size + 1}`;
      const shown: Shown = {
        name,
        operationType,
        clientOperationId: requestId,
        targetId: numberOf(machine),
        status: "RUNNING",
      };
      const lasts = random.between(300, 2_500) + random.between(0, weather.slowMs);
      const ended = (lines.get(machine) ?? Promise.resolve()).then(
        () =>
          new Promise<void>((resolve) => {
            engine.at(lasts, null, () => {
              perform(shown, change);
              resolve();
            });
          }),
      );
      lines.set(machine, ended);
      all.set(name, { shown, ended });
      return told(shown);
    },
    async wait(name) {
      const started = all.get(name);
      if (started === undefined) throw new Error(`there is no ${name}`);
      await started.ended;
      return told(started.shown);
    },
    list: (machineNumber, type) =>
      [...all.values()]
        .map(({ shown }) => shown)
        .filter((shown) => shown.targetId === machineNumber && shown.operationType === type)
        .map(told),
  };
}

const told = (shown: Shown): Operation => ({ ...shown }) as unknown as Operation;

/** Whether a delete of an access config was asked for by a detach, not to make room for an address. */
export const isRemoval = (requestId: string): boolean => isRequestOf("remove", requestId);

export function requireOn(truth: Truth, machine: string): void {
  if (truth.machines.get(machine)?.power === "terminated") {
    throw new OperationFailed("RESOURCE_NOT_FOUND", `there is no ${machine} any more`);
  }
}
