/** Names of the contract that admission reads and writes. Users, manifests and dashboards depend on them. */
export const annotations = {
  pool: "static-egress/pool",
  onUnavailable: "static-egress/on-unavailable",
  placement: "static-egress/placement",
  inject: "static-egress/inject",
  injected: "static-egress/injected",
  address: "static-egress/address",
} as const;

export const poolLabel = "static-egress/pool";
export const containerName = "static-egress-lease";
export const volumeNames = {
  run: "static-egress-run",
  token: "static-egress-token",
  noApiToken: "static-egress-no-api-token",
} as const;

/** Audience of the projected token in our container. */
export const tokenAudience = "static-egress";

/** What `static-egress/injected` is set to. It grows when what is injected changes; older pods are left as they are. */
export const injectedVersion = "1";

/** Proxies of meshes, as native sidecars: their CNI sends our traffic into them, so they have to start before us. */
export const meshProxies: readonly string[] = ["istio-proxy", "linkerd-proxy"];
