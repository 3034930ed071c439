// envoy.config.core.v3.Address to AddressPlan. Called for listeners, endpoints, the admin server and resolvers.
import type { CheckedMessage } from "../load/checked.ts";
import { child, count, flag, oneOf, text } from "../load/fields.ts";
import type { AddressPlan, PipePlan, SocketAddressPlan } from "../plan/address.ts";
import type { CompileContext } from "./context.ts";

/** `ip`: only an IP address. `name`: a host name too (it is looked up by DNS discovery). */
export type HostKind = "ip" | "name";

/** Compiles an Address; null after an error was said. */
export function compileAddress(context: CompileContext, address: CheckedMessage, host: HostKind): AddressPlan | null {
  const kind = oneOf(address, ["socket_address", "pipe", "envoy_internal_address"]);
  if (kind === "socket_address") {
    return compileSocketAddress(context, child(address, "socket_address") as CheckedMessage, host);
  }
  if (kind === "pipe") return compilePipe(context, child(address, "pipe") as CheckedMessage);
  context.refuse(address, kind ?? "", "internal addresses", "use socket_address or pipe");
  return null;
}

/** Compiles a SocketAddress; null after an error was said. */
export function compileSocketAddress(
  context: CompileContext,
  address: CheckedMessage,
  host: HostKind,
): SocketAddressPlan | null {
  const before = context.errors.length;
  const name = text(address, "address") ?? "";
  if (text(address, "protocol") === "UDP") {
    context.refuse(address, "protocol", "UDP addresses", "use TCP: HTTP/3 and UDP are not served");
  }
  const resolver = text(address, "resolver_name");
  if (resolver !== undefined && resolver !== "") {
    context.error(address, "resolver_name", `Unknown address resolver: ${resolver}`);
  }
  if (oneOf(address, ["named_port", "port_value"]) === "named_port") {
    context.refuse(address, "named_port", "named ports", "give the number as port_value");
  }
  const ipv4Compat = flag(address, "ipv4_compat") ?? false;
  if (host === "ip" && !isIpAddress(name)) {
    context.error(address, "address", `malformed IP address: ${name}`);
  } else if (ipv4Compat && name !== "::" && !/^::ffff:/i.test(name)) {
    context.error(
      address,
      "ipv4_compat",
      `Only IPv6 address '::' or valid IPv4-mapped IPv6 address can set ipv4_compat: ${name}`,
    );
  }
  if (context.errors.length > before) return null;
  return { kind: "socket", host: name, port: count(address, "port_value") ?? 0, ipv4Compat };
}

/** Whether the text is an IPv4 address in four decimal parts or an IPv6 address without brackets and zone. */
export function isIpAddress(host: string): boolean {
  const parts = host.split(".");
  if (parts.length === 4 && !host.includes(":"))
    return parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  return /^[0-9a-fA-F:.]+$/.test(host) && host.includes(":") && URL.canParse(`http://[${host}]/`);
}

function compilePipe(context: CompileContext, pipe: CheckedMessage): PipePlan | null {
  const path = text(pipe, "path") ?? "";
  const mode = count(pipe, "mode") ?? 0;
  if (Buffer.byteLength(path) >= PIPE_PATH_BYTES_MAX) {
    context.error(
      pipe,
      "path",
      `Path "${path}" exceeds maximum UNIX domain socket path size of ${PIPE_PATH_BYTES_MAX}.`,
    );
    return null;
  }
  if (path.startsWith("@") && mode !== 0) {
    context.error(pipe, "mode", "Cannot set mode for Abstract AF_UNIX sockets");
    return null;
  }
  return { kind: "pipe", path, mode };
}

/** sizeof(sockaddr_un.sun_path) on Linux. */
const PIPE_PATH_BYTES_MAX = 108;
