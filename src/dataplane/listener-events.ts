// Counts what happens to a listener's connections before they become channels: refusals, missing chains, TLS handshakes.
import type { ListenerPlan } from "../config/plan/listener.ts";
import type { HandshakeFailure, ListenEvents } from "../net/listen-events.ts";
import { LISTENER } from "../telemetry/listener-stats.ts";
import { OpenLogs } from "../telemetry/open-logs.ts";
import { SSL } from "../telemetry/ssl-stats.ts";
import { addTo, count } from "../telemetry/stats-add.ts";
import type { ConnectionLimit } from "./connection-limit.ts";
import type { ConnectionRates } from "./connection-rates.ts";
import { ListenerRecord } from "./listener-record.ts";
import type { WorkerServices } from "./worker-services.ts";

/** What the counters depend on besides the listener's name. */
export interface ListenerEventsParts {
  readonly services: WorkerServices;
  /** A line for the node's log. */
  warn(text: string): void;
  readonly limit: ConnectionLimit;
  readonly rates: ConnectionRates;
}

/** The events of one listener; its blocks exist from now on, so that /stats shows their zeros. */
export function listenerEvents(parts: ListenerEventsParts, plan: ListenerPlan): ListenEvents {
  const { limit, rates, services } = parts;
  const { stats } = services;
  const prefix = `listener.${plan.statPrefix}.`;
  const listener = stats.block(LISTENER, prefix);
  const workerTotal = stats.counter(`${prefix}${services.workerName}.downstream_cx_total`);
  const ssl = hasTls(plan) ? stats.block(SSL, `${prefix}ssl.`) : null;
  const countSsl = (at: number): void => {
    if (ssl !== null) count(ssl, at);
  };
  const countFailure = ({ reason }: HandshakeFailure): void => {
    if (reason === "handshake_timeout") count(listener, LISTENER.at.downstream_cx_transport_socket_connect_timeout);
    else if (reason !== "closed") countSsl(SSL.at[reason]);
  };
  const logs = plan.accessLogs.length === 0 ? null : new OpenLogs(plan.accessLogs, services);
  /** A connection in Envoy is one before its handshake. */
  const countUnserved = (): void => {
    count(listener, LISTENER.at.downstream_cx_total);
    count(listener, LISTENER.at.downstream_cx_destroy);
    addTo(workerTotal, 1);
  };
  return {
    onAccept(accepted) {
      const admission = limit.admit();
      if (typeof admission !== "string") {
        return logs === null ? admission : new ListenerRecord(accepted, logs, services, admission, plan);
      }
      const { downstream_cx_overflow, downstream_global_cx_overflow } = LISTENER.at;
      count(listener, admission === "node" ? downstream_global_cx_overflow : downstream_cx_overflow);
      return null;
    },
    onChain(chain, admission, serverName) {
      const isAdmitted = rates.admits(chain);
      if (!isAdmitted) countUnserved();
      if (admission instanceof ListenerRecord) admission.onChain(chain, serverName, isAdmitted);
      return isAdmitted;
    },
    onNoChain(admission, serverName) {
      count(listener, LISTENER.at.no_filter_chain_match);
      if (admission instanceof ListenerRecord) admission.onNoChain(serverName);
    },
    onChoiceTimeout: () => count(listener, LISTENER.at.downstream_pre_cx_timeout),
    onChoiceFailed: () => count(listener, LISTENER.at.downstream_listener_filter_remote_close),
    onAcceptError: (text) => parts.warn(`listener '${plan.name}': accept failed: ${text}`),
    onHandshake(_, tls, tolerated) {
      countSsl(SSL.at.handshake);
      if (tls.shown === null) countSsl(SSL.at.no_certificate);
      if (tolerated !== null) countFailure(tolerated);
      if (tls.resumed) countSsl(SSL.at.session_reused);
      for (const name of [`ciphers.${tls.cipher}`, `versions.${tls.version}`]) {
        const slot = stats.counter(`${prefix}ssl.${name}`);
        addTo(slot, 1);
      }
    },
    onHandshakeFailed(failure, admission) {
      countUnserved();
      countFailure(failure);
      if (admission instanceof ListenerRecord) admission.onHandshakeFailed(failure);
    },
  };
}

function hasTls(plan: ListenerPlan): boolean {
  return [...plan.filterChains, plan.defaultFilterChain].some((chain) => chain !== null && chain.tls !== null);
}
