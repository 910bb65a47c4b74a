import { randomUUID } from "node:crypto";

export interface EnvironmentEntry {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef: { readonly fieldPath: string } };
}

export interface Container {
  readonly name: string;
  readonly restartPolicy?: string;
  readonly env?: readonly EnvironmentEntry[];
}

interface LabelTerm {
  readonly labelSelector: {
    readonly matchExpressions: readonly {
      readonly key: string;
      readonly operator: string;
      readonly values?: readonly string[];
    }[];
  };
}

interface AffinityTerms {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly LabelTerm[];
  readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly {
    readonly weight: number;
    readonly podAffinityTerm: LabelTerm;
  }[];
}

/** As much of a Kubernetes Pod as the demo's scheduler and kubelet read. */
export interface Pod {
  readonly apiVersion: "v1";
  readonly kind: "Pod";
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly nodeName?: string;
    readonly serviceAccountName: string;
    readonly terminationGracePeriodSeconds: number;
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly affinity?: { readonly podAffinity?: AffinityTerms; readonly podAntiAffinity?: AffinityTerms };
  };
}

export type { AffinityTerms, LabelTerm };

/** What a user writes: a pod of one container, with these annotations. */
export function podOf(name: string, annotations: Readonly<Record<string, string>>): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "demo", annotations },
    spec: {
      serviceAccountName: "default",
      terminationGracePeriodSeconds: 30,
      containers: [{ name: "app" }],
    },
  };
}

/** As the API server stores it once it is admitted and scheduled. */
export function placed(pod: Pod, node: string): Pod {
  return { ...pod, metadata: { ...pod.metadata, uid: randomUUID() }, spec: { ...pod.spec, nodeName: node } };
}
