// envoy.config.listener.v3.FilterChain: match, transport socket and the terminal filter. Called by listener.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, flag, text } from "../load/fields.ts";
import type { ConnectionRatePlan, FilterChainPlan, NetworkFilterPlan } from "../plan/listener.ts";
import type { DownstreamTlsPlan } from "../plan/tls.ts";
import { CONNECTION_RATE, compileConnectionRate } from "./connection-rate.ts";
import type { CompileContext } from "./context.ts";
import { compileChainMatch, MATCH_ALL } from "./filter-chain-match.ts";
import { compileHttpConnectionManager, HTTP_CONNECTION_MANAGER } from "./http-connection-manager.ts";
import { metadataOf } from "./metadata.ts";
import { compileTcpProxy, TCP_PROXY } from "./tcp-proxy.ts";
import { timeoutMs } from "./timeout-ms.ts";
import { compileDownstreamTls, DOWNSTREAM_TLS, RAW_BUFFER } from "./tls.ts";

/** Compiles one chain; null after an error that leaves it without a filter. */
export function compileFilterChain(context: CompileContext, chain: CheckedMessage): FilterChainPlan | null {
  const match = child(chain, "filter_chain_match");
  if (flag(chain, "use_proxy_proto") === true) {
    context.refuse(chain, "use_proxy_proto", "the PROXY protocol", "leave it out and use xff_num_trusted_hops");
  }
  const compiled = {
    name: text(chain, "name") ?? "",
    match: match === undefined ? MATCH_ALL : compileChainMatch(context, match),
    tls: transportSocket(context, chain),
    handshakeTimeoutMs: timeoutMs(chain, "transport_socket_connect_timeout", context.defaults.handshakeTimeoutMs),
    metadata: metadataOf(chain),
  };
  const { rates, terminal: filter } = compileFilters(context, chain);
  return filter === null ? null : { ...compiled, rates, filter };
}

function transportSocket(context: CompileContext, chain: CheckedMessage): DownstreamTlsPlan | null {
  const socket = child(chain, "transport_socket");
  if (socket === undefined) return null;
  const name = text(socket, "name") ?? "";
  const config = child(socket, "typed_config");
  if (config?.type === DOWNSTREAM_TLS) return compileDownstreamTls(context, config);
  if (config?.type === RAW_BUFFER) return null;
  if (config === undefined) {
    context.error(socket, "", `Didn't find a registered implementation for '${name}' with type URL: ''`);
    return null;
  }
  context.refuse(
    socket,
    "typed_config",
    `the transport socket '${name}' (${config.type}) of a listener`,
    `use ${DOWNSTREAM_TLS}, or none for cleartext`,
  );
  return null;
}

interface Filters {
  readonly rates: readonly ConnectionRatePlan[];
  readonly terminal: NetworkFilterPlan | null;
}

function compileFilters(context: CompileContext, chain: CheckedMessage): Filters {
  const filters = children(chain, "filters");
  const rates: ConnectionRatePlan[] = [];
  let terminal: NetworkFilterPlan | null = null;
  filters.forEach((filter, index) => {
    const last = index === filters.length - 1;
    const config = child(filter, "typed_config");
    if (config?.type === CONNECTION_RATE) {
      const name = text(filter, "name") ?? "";
      rates.push(compileConnectionRate(context, config));
      const says = `Error: non-terminal filter named ${name} of type envoy.filters.network.local_ratelimit is the last filter in a network filter chain.`;
      if (last) context.error(filter, "", says);
      return;
    }
    const compiled = compileFilter(context, filter, last);
    if (compiled !== null) terminal = compiled;
  });
  if (filters.length === 0) {
    context.refuse(chain, "", "a filter chain without filters", "give it an HTTP connection manager");
  }
  return { rates, terminal };
}

function compileFilter(context: CompileContext, filter: CheckedMessage, last: boolean): NetworkFilterPlan | null {
  const name = text(filter, "name") ?? "";
  const config = child(filter, "typed_config");
  const terminal = config === undefined ? undefined : TERMINALS[config.type];
  if (config !== undefined && terminal !== undefined) {
    if (!last) {
      const says = `Error: terminal filter named ${name} of type ${terminal.name} must be the last filter in a network filter chain.`;
      context.error(filter, "", says);
    }
    return terminal.compile(context, config);
  }
  if (config === undefined) {
    context.error(filter, "", `Didn't find a registered implementation for '${name}' with type URL: ''`);
    return null;
  }
  const what = `the network filter '${name}' (${config.type})`;
  const instead = last
    ? "use envoy.filters.network.http_connection_manager or envoy.filters.network.tcp_proxy"
    : "remove it: local_ratelimit, the HTTP connection manager and the TCP proxy are the only network filters";
  context.refuse(filter, "typed_config", what, instead);
  return null;
}

/** The filters that a chain may have, by their message. */
const TERMINALS: Readonly<Record<string, Terminal>> = {
  [HTTP_CONNECTION_MANAGER]: {
    name: "envoy.filters.network.http_connection_manager",
    compile: compileHttpConnectionManager,
  },
  [TCP_PROXY]: { name: "envoy.filters.network.tcp_proxy", compile: compileTcpProxy },
};

interface Terminal {
  readonly name: string;
  readonly compile: (context: CompileContext, config: CheckedMessage) => NetworkFilterPlan;
}
