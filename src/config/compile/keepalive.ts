// TCP keepalive of listeners and clusters. Node sets whether there is one and when it begins; its probes are always ten, a second
// apart, so what else is asked for is a warning by name. Called by listener.ts and cluster.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, count } from "../load/fields.ts";
import type { CompileContext } from "./context.ts";

/** upstream_connection_options.tcp_keepalive: idle seconds before the first probe; 0: no keepalive. */
export function upstreamKeepaliveS(context: CompileContext, cluster: CheckedMessage): number {
  const options = child(cluster, "upstream_connection_options");
  const keepalive = options === undefined ? undefined : child(options, "tcp_keepalive");
  return keepalive === undefined ? 0 : keepaliveS(context, keepalive);
}

/** tcp_keepalive, else what socket_options say of it; the other options are warned of. */
export function listenerKeepaliveS(context: CompileContext, listener: CheckedMessage): number {
  const keepalive = child(listener, "tcp_keepalive");
  let isOn = false;
  let idleS = SYSTEM_IDLE_S;
  for (const option of children(listener, "socket_options")) {
    const [level, name, value] = [count(option, "level") ?? 0, count(option, "name") ?? 0, count(option, "int_value")];
    if (level === SOL_SOCKET && name === SO_KEEPALIVE) isOn = value === 1;
    else if (level === IPPROTO_TCP && name === TCP_KEEPIDLE) idleS = value ?? idleS;
    else if (level !== IPPROTO_TCP || name !== TCP_NODELAY || value !== 1) {
      const instead = "TCP_NODELAY is always set, SO_KEEPALIVE and TCP_KEEPIDLE can be";
      context.warn(option, "name", `the socket option ${name} of level ${level} is not set: ${instead}`);
    }
  }
  if (keepalive !== undefined) return keepaliveS(context, keepalive);
  return isOn ? idleS : 0;
}

function keepaliveS(context: CompileContext, keepalive: CheckedMessage): number {
  for (const field of ["keepalive_probes", "keepalive_interval"]) {
    const value = count(keepalive, field);
    if (value === undefined) continue;
    if (value === 0) return 0;
    context.warn(
      keepalive,
      field,
      `${field} is not set: ten probes follow each other after a second; use keepalive_time`,
    );
  }
  return count(keepalive, "keepalive_time") ?? SYSTEM_IDLE_S;
}

/** Linux: net.ipv4.tcp_keepalive_time. */
const SYSTEM_IDLE_S = 7_200;

// Numbers of Linux, as files name them.
const SOL_SOCKET = 1;
const SO_KEEPALIVE = 9;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_KEEPIDLE = 4;
