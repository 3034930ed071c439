// Turns what the system says about a socket into faults, in Envoy's words. Called by every file of the room that meets an error.
import { codeOf, systemText } from "../base/system-text.ts";
import type { NetFault } from "./channel.ts";

/** A connection that stood and broke: `reset` when the peer tore it down, else `io`. */
export function streamFault(error: Error): NetFault {
  const code = codeOf(error);
  const text = systemText(error);
  return { kind: code === "ECONNRESET" || code === "EPIPE" ? "reset" : "io", text };
}

/**
 * A connection that never stood. The text is the tail of Envoy's response code details:
 * `delayed_connect_error:_Connection_refused`, or `immediate_connect_error:_…|remote_address:…` for what connect(2) says at once.
 */
export function connectFault(error: Error, address: string): NetFault {
  const code = codeOf(error);
  const words = systemText(error).replaceAll(" ", "_");
  const text = IMMEDIATE.has(code)
    ? `immediate_connect_error:_${words}|remote_address:${address}`
    : `delayed_connect_error:_${words}`;
  return { kind: code === "ECONNREFUSED" ? "connect-refused" : "connect-failed", text };
}

/** An address that cannot be listened on: one plain line. */
export function bindFault(error: Error, address: string): NetFault {
  return { kind: "io", text: `cannot bind '${address}': ${systemText(error)}` };
}

/** What connect(2) answers itself, without waiting for the network. */
const IMMEDIATE = new Set([
  "EACCES",
  "EADDRNOTAVAIL",
  "EAFNOSUPPORT",
  "EAGAIN",
  "EINVAL",
  "EMFILE",
  "ENETUNREACH",
  "ENFILE",
  "ENOENT",
  "EPERM",
]);
