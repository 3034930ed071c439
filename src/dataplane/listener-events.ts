// Counts what happens to a listener's connections before they become channels: refusals, missing chains, TLS handshakes.
import type { ListenerPlan } from "../config/plan/listener.ts";
import type { HandshakeFailure, ListenEvents } from "../net/listen-events.ts";
import { LISTENER } from "../telemetry/listener-stats.ts";
import { SSL } from "../telemetry/ssl-stats.ts";
import type { StatsWriter } from "../telemetry/stats-memory.ts";
import type { ConnectionLimit } from "./connection-limit.ts";

/** What the counters depend on besides the listener's name. */
export interface ListenerEventsParts {
  readonly stats: StatsWriter;
  readonly workerName: string;
  /** A line for the node's log. */
  warn(text: string): void;
  readonly limit: ConnectionLimit;
}

/** The events of one listener; its blocks exist from now on, so that /stats shows their zeros. */
export function listenerEvents(parts: ListenerEventsParts, plan: ListenerPlan): ListenEvents {
  const { stats } = parts;
  const prefix = `listener.${plan.statPrefix}.`;
  const listener = stats.block(LISTENER, prefix);
  const workerTotal = stats.counter(`${prefix}${parts.workerName}.downstream_cx_total`);
  const ssl = hasTls(plan) ? stats.block(SSL, `${prefix}ssl.`) : null;
  const countSsl = (at: number): void => {
    if (ssl !== null) add(ssl, at);
  };
  const countFailure = ({ reason }: HandshakeFailure): void => {
    if (reason === "handshake_timeout") add(listener, LISTENER.at.downstream_cx_transport_socket_connect_timeout);
    else if (reason !== "closed") countSsl(SSL.at[reason]);
  };
  return {
    onAccept() {
      const admission = parts.limit.admit();
      if (typeof admission !== "string") return admission;
      const { downstream_cx_overflow, downstream_global_cx_overflow } = LISTENER.at;
      add(listener, admission === "node" ? downstream_global_cx_overflow : downstream_cx_overflow);
      return null;
    },
    onNoChain: () => add(listener, LISTENER.at.no_filter_chain_match),
    onChoiceTimeout: () => add(listener, LISTENER.at.downstream_pre_cx_timeout),
    onChoiceFailed: () => add(listener, LISTENER.at.downstream_listener_filter_remote_close),
    onAcceptError: (text) => parts.warn(`listener '${plan.name}': accept failed: ${text}`),
    onHandshake(_, tls, tolerated) {
      countSsl(SSL.at.handshake);
      if (tls.shown === null) countSsl(SSL.at.no_certificate);
      if (tolerated !== null) countFailure(tolerated);
      if (tls.resumed) countSsl(SSL.at.session_reused);
      for (const name of [`ciphers.${tls.cipher}`, `versions.${tls.version}`]) {
        const slot = stats.counter(`${prefix}ssl.${name}`);
        add(slot.values, slot.at);
      }
    },
    onHandshakeFailed(_, failure) {
      // A connection in Envoy is one before its handshake.
      add(listener, LISTENER.at.downstream_cx_total);
      add(listener, LISTENER.at.downstream_cx_destroy);
      add(workerTotal.values, workerTotal.at);
      countFailure(failure);
    },
  };
}

function add(values: Float64Array, at: number): void {
  values[at] = (values[at] as number) + 1;
}

function hasTls(plan: ListenerPlan): boolean {
  return [...plan.filterChains, plan.defaultFilterChain].some((chain) => chain !== null && chain.tls !== null);
}
