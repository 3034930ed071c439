// envoy.config.listener.v3.Listener to ListenerPlan. Called by bootstrap.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { acknowledge, acknowledgeAll, child, children, count, flag, has, text } from "../load/fields.ts";
import type { AddressPlan } from "../plan/address.ts";
import { addressText } from "../plan/address.ts";
import type { FilterChainPlan, InspectionPlan, ListenerPlan } from "../plan/listener.ts";
import { compileAccessLogs } from "./access-log.ts";
import { compileAddress } from "./address.ts";
import { bufferBytesMax } from "./buffer-limit.ts";
import type { CompileContext } from "./context.ts";
import { compileFilterChain } from "./filter-chain.ts";
import { checkChainMatches } from "./filter-chain-match.ts";
import { listenerKeepaliveS } from "./keepalive.ts";
import { metadataOf } from "./metadata.ts";
import { statName } from "./stat-name.ts";
import { timeoutMs } from "./timeout-ms.ts";

/** Compiles one listener; null after an error that leaves it without an address. */
export function compileListener(context: CompileContext, listener: CheckedMessage): ListenerPlan | null {
  refuseKinds(context, listener);
  const given = text(listener, "name") ?? "";
  const address = addressOf(context, listener, given);
  const trafficDirection = DIRECTIONS[text(listener, "traffic_direction") ?? ""] ?? "unspecified";
  context.isOutbound = trafficDirection === "outbound";
  const messages = children(listener, "filter_chains");
  const chains = messages.map((chain) => compileFilterChain(context, chain));
  checkChainMatches(context, messages, chains);
  const defaultChain = child(listener, "default_filter_chain");
  const compiledDefault = defaultChain === undefined ? null : compileFilterChain(context, defaultChain);
  const inspection = compileInspection(context, listener);
  if (messages.length === 0 && defaultChain === undefined) {
    context.error(listener, "", "no filter chains specified");
  }
  const name = given === "" ? context.options.uuid() : given;
  const plan = {
    name,
    additionalAddresses: additionalAddresses(context, listener),
    filterChains: chains.filter((chain): chain is FilterChainPlan => chain !== null),
    defaultFilterChain: compiledDefault,
    accessLogs: compileAccessLogs(context, listener, "access_log"),
    perConnectionBufferBytesMax: bufferBytesMax(context, listener),
    bindToPort: flag(listener, "bind_to_port") ?? true,
    nodeConnectionsMax: context.downstreamConnectionsMax,
    ignoresNodeLimit: flag(listener, "ignore_global_conn_limit") ?? false,
    backlog: count(listener, "tcp_backlog_size") ?? 128,
    drainType: text(listener, "drain_type") === "MODIFY_ONLY" ? ("modify_only" as const) : ("default" as const),
    trafficDirection,
    inspection,
    keepaliveS: listenerKeepaliveS(context, listener),
    metadata: metadataOf(listener),
  };
  const statPrefix = text(listener, "stat_prefix") ?? "";
  if (address === null) return null;
  return { ...plan, address, statPrefix: statName(statPrefix === "" ? addressText(address) : statPrefix) };
}

/** Says which listeners want an address that another one has. Port 0 is never the same twice. */
export function checkListenerAddresses(
  context: CompileContext,
  messages: readonly CheckedMessage[],
  compiled: readonly (ListenerPlan | null)[],
): void {
  const taken = new Set<string>();
  compiled.forEach((listener, index) => {
    const message = messages[index];
    if (listener === null || message === undefined || !listener.bindToPort) return;
    for (const address of [listener.address, ...listener.additionalAddresses]) {
      const text = addressText(address);
      if (address.kind === "socket" && address.port === 0) continue;
      if (taken.has(text)) {
        const says = `error adding listener: '${listener.name}' has duplicate address '${text}' as existing listener`;
        context.error(message, "address", says);
      }
      taken.add(text);
    }
  });
}

function addressOf(context: CompileContext, listener: CheckedMessage, name: string): AddressPlan | null {
  const address = child(listener, "address");
  if (address !== undefined) return compileAddress(context, address, "ip");
  if (!has(listener, "internal_listener")) {
    context.error(listener, "", `error adding listener named '${name}': address is necessary`);
  }
  return null;
}

function additionalAddresses(context: CompileContext, listener: CheckedMessage): AddressPlan[] {
  return children(listener, "additional_addresses").flatMap((additional) => {
    const address = child(additional, "address");
    const compiled = address === undefined ? null : compileAddress(context, address, "ip");
    return compiled === null ? [] : [compiled];
  });
}

function refuseKinds(context: CompileContext, listener: CheckedMessage): void {
  for (const { field, feature, instead } of REFUSED) {
    if (listener.fields[field] === undefined || listener.fields[field] === false) continue;
    context.refuse(listener, field, feature, instead);
  }
  if (listener.fields["enable_reuse_port"] === true) acknowledge(listener, "enable_reuse_port");
}

function compileInspection(context: CompileContext, listener: CheckedMessage): InspectionPlan {
  let always = false;
  for (const filter of children(listener, "listener_filters")) {
    const name = text(filter, "name") ?? "";
    const config = child(filter, "typed_config");
    if (config?.type === TLS_INSPECTOR) always = true;
    else if (config?.type === HTTP_INSPECTOR) {
      acknowledgeAll(config);
      always = true;
    } else if (config === undefined) {
      context.error(filter, "", `Didn't find a registered implementation for '${name}' with type URL: ''`);
    } else {
      const what = `the listener filter '${name}' (${config.type})`;
      context.refuse(filter, "typed_config", what, "remove it: tls_inspector and http_inspector are acted on");
    }
  }
  return {
    always,
    timeoutMs: timeoutMs(listener, "listener_filters_timeout", context.defaults.inspectionTimeoutMs),
    continues: flag(listener, "continue_on_listener_filters_timeout") ?? false,
  };
}

const TLS_INSPECTOR = "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector";
const HTTP_INSPECTOR = "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector";

const DIRECTIONS: Readonly<Record<string, ListenerPlan["trafficDirection"]>> = {
  INBOUND: "inbound",
  OUTBOUND: "outbound",
};

const REFUSED: readonly { readonly field: string; readonly feature: string; readonly instead: string }[] = [
  { field: "use_original_dst", feature: "use_original_dst", instead: "give each service a listener of its own" },
  { field: "udp_listener_config", feature: "UDP listeners", instead: "use TCP: HTTP/3 is not served" },
  { field: "api_listener", feature: "API listeners", instead: "use a listener with an address" },
  { field: "internal_listener", feature: "internal listeners", instead: "use a listener with an address" },
  { field: "filter_chain_matcher", feature: "filter chain matcher trees", instead: "use filter_chain_match" },
  { field: "transparent", feature: "transparent sockets", instead: "use a listener with an address of its own" },
];
