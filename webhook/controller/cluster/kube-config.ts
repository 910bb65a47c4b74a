import { KubeConfig, type RequestContext } from "@kubernetes/client-node";

type Dispatcher = ReturnType<RequestContext["getDispatcher"]>;

/** An answer of the API server that takes longer than this is not waited for; watches have limits of their own. */
const requestTimeoutMs = 10_000;
/** The connections are built anew now and then, so that renewed certificates come into use. */
const keepConnectionsMs = 10 * 60_000;

/**
 * The client opens a TLS connection for every request (2.0.1), as it makes a dispatcher each time. This one keeps its
 * dispatcher; tokens are still read afresh for each request. Load it like any KubeConfig.
 */
export class ReusingKubeConfig extends KubeConfig {
  private dispatcher: Dispatcher = undefined;
  private keptUntilMs = 0;

  override async applySecurityAuthentication(context: RequestContext): Promise<void> {
    await super.applySecurityAuthentication(context);
    const nowMs = performance.now();
    if (this.dispatcher === undefined || nowMs > this.keptUntilMs) {
      this.dispatcher = context.getDispatcher();
      this.keptUntilMs = nowMs + keepConnectionsMs;
    }
    if (this.dispatcher !== undefined) context.setDispatcher(this.dispatcher);
    context.setSignal(AbortSignal.timeout(requestTimeoutMs));
  }
}
