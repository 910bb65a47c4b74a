import { containerName, tokenAudience, volumeNames } from "./names.ts";
import type { SidecarSettings } from "./settings.ts";
import type { Wish } from "./wish.ts";

const runDirectory = "/var/run/static-egress";

/** The sidecar's container: a native sidecar that fits Pod Security 'restricted' and keeps a Guaranteed pod Guaranteed. */
export function leaseContainer(wish: Wish, sidecar: SidecarSettings): Record<string, unknown> {
  const { requests, limits, leasesFrom } = sidecar;
  return {
    name: containerName,
    image: sidecar.image,
    imagePullPolicy: sidecar.pullPolicy,
    restartPolicy: "Always",
    ...(leasesFrom.mode === "direct" && { envFrom: [{ secretRef: { name: leasesFrom.secret } }] }),
    env: environment(wish, sidecar),
    // A pod with resources of its own has our share in them; requests of ours could break their sum.
    ...(!wish.podLevelResources && { resources: { requests: wish.guaranteed ? limits : requests, limits } }),
    // The app starts only once the file is there. Waiting for a free address may take any time: the largest int32.
    startupProbe: {
      exec: { command: ["test", "-f", `${runDirectory}/ready`] },
      periodSeconds: 1,
      timeoutSeconds: 5,
      failureThreshold: 2_147_483_647,
    },
    // Marks the lease draining. The process id is read from a file: under shareProcessNamespace it is not 1.
    lifecycle: { preStop: { exec: { command: ["sh", "-c", `kill -USR2 "$(cat ${runDirectory}/pid)"`] } } },
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65_532,
      runAsGroup: 65_532,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMounts: [
      { name: volumeNames.run, mountPath: runDirectory },
      { name: volumeNames.token, mountPath: "/var/run/secrets/static-egress", readOnly: true },
      // Something has to be mounted here, or the API server mounts the app's own API token into our container.
      { name: volumeNames.noApiToken, mountPath: "/var/run/secrets/kubernetes.io/serviceaccount", readOnly: true },
    ],
  };
}

/** Written out, so that it wins over what the Secret says under the same names. Uid, name and node are not known yet. */
function environment(wish: Wish, sidecar: SidecarSettings): unknown[] {
  const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  return [
    { name: "STATIC_EGRESS_POOL", value: wish.pool.name },
    ...modeEnvironment(sidecar),
    { name: "STATIC_EGRESS_ON_UNAVAILABLE", value: wish.onUnavailable },
    { name: "STATIC_EGRESS_GRACE_SECONDS", value: String(wish.graceSeconds) },
    { name: "STATIC_EGRESS_LEASE_SECONDS", value: String(sidecar.leaseSeconds) },
    field("STATIC_EGRESS_POD_UID", "metadata.uid"),
    field("STATIC_EGRESS_POD_NAME", "metadata.name"),
    field("STATIC_EGRESS_POD_NAMESPACE", "metadata.namespace"),
    field("STATIC_EGRESS_NODE_NAME", "spec.nodeName"),
    field("STATIC_EGRESS_SERVICE_ACCOUNT", "spec.serviceAccountName"),
  ];
}

/** Which of the sidecar's programs runs follows from it (sidecar/main.ts). */
function modeEnvironment({ installation, leasesFrom }: SidecarSettings): unknown[] {
  if (leasesFrom.mode === "direct") return [{ name: "STATIC_EGRESS_INSTALLATION", value: installation }];
  return [
    { name: "STATIC_EGRESS_BROKER_URL", value: leasesFrom.url },
    { name: "STATIC_EGRESS_BROKER_CA", value: leasesFrom.ca },
  ];
}

/** The API server's least is 600 s; renewed by the kubelet, it has to outlive the longest drain. */
const leastTokenSeconds = 3600;
const tokenMarginSeconds = 600;

/** The volumes of `leaseContainer`. */
export function leaseVolumes(wish: Wish): Record<string, unknown>[] {
  const expirationSeconds = Math.max(leastTokenSeconds, wish.graceSeconds + tokenMarginSeconds);
  const token = { audience: tokenAudience, expirationSeconds, path: "token" };
  return [
    // In memory: kept over a restart of the container, cleared with the node's or the sandbox's.
    { name: volumeNames.run, emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
    { name: volumeNames.token, projected: { sources: [{ serviceAccountToken: token }] } },
    { name: volumeNames.noApiToken, emptyDir: {} },
  ];
}
