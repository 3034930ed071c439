// Turns what the system says about a socket into faults, in Envoy's words. Called by every file of the room that meets an error.
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

/** strerror's words for a Node error, else its message. */
export function systemText(error: Error): string {
  return WORDS[codeOf(error)] ?? error.message;
}

/** `ECONNREFUSED`, or `` when the error has none. */
export function codeOf(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === "string" ? code : "";
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

const WORDS: Readonly<Record<string, string>> = {
  EACCES: "Permission denied",
  EADDRINUSE: "Address already in use",
  EADDRNOTAVAIL: "Cannot assign requested address",
  EAFNOSUPPORT: "Address family not supported by protocol",
  EAGAIN: "Resource temporarily unavailable",
  ECONNABORTED: "Software caused connection abort",
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "Connection reset by peer",
  EHOSTUNREACH: "No route to host",
  EINVAL: "Invalid argument",
  EMFILE: "Too many open files",
  ENETDOWN: "Network is down",
  ENETUNREACH: "Network is unreachable",
  ENFILE: "Too many open files in system",
  ENOBUFS: "No buffer space available",
  ENOENT: "No such file or directory",
  ENOTDIR: "Not a directory",
  ENOTSOCK: "Socket operation on non-socket",
  EPERM: "Operation not permitted",
  EPIPE: "Broken pipe",
  EROFS: "Read-only file system",
  ETIMEDOUT: "Connection timed out",
};
