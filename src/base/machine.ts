// What this machine is called and how others reach it.
import { readFileSync, readlinkSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";

/** The first IPv4 address that is not loopback, else `127.0.0.1`: what Envoy calls the local address. */
export function machineAddress(): string {
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { family, internal, address } of addresses ?? []) if (family === "IPv4" && !internal) return address;
  }
  return "127.0.0.1";
}

/** The host name, as `%HOSTNAME%` shows it. */
export function machineName(): string {
  return hostname();
}

/**
 * The network name space that this process is in, by a name that no other one has: processes that share it have the same loopback
 * addresses. Where the system has no such names, the host's name.
 */
export function networkName(): string {
  try {
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trimEnd()} ${readlinkSync("/proc/self/ns/net")}`;
  } catch {
    return machineName();
  }
}
