// Asks whether an address can be listened on by nobody but us. The supervisor does so before its workers bind with reusePort, with
// which a stranger's socket on the port would go unnoticed and take half of the connections.
import { type AddressInfo, connect, createServer } from "node:net";
import { codeOf } from "../base/system-text.ts";
import { type AddressPlan, addressText } from "../config/plan/address.ts";
import type { NetFault } from "./channel.ts";
import { bindFault } from "./net-fault.ts";
import { isSocketFile, pipePath } from "./pipe-path.ts";

/** Null when the address is free, else why not in one line: `cannot bind '127.0.0.1:80': Address already in use`. Never rejects. */
export async function checkAddressFree(address: AddressPlan): Promise<NetFault | null> {
  const error = await (address.kind === "pipe" && isSocketFile(address.path)
    ? livingError(address.path)
    : bindError(address));
  return error === null ? null : bindFault(error, addressText(address));
}

function bindError(address: AddressPlan): Promise<Error | null> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", resolve);
    const target =
      address.kind === "pipe"
        ? { path: pipePath(address.path) }
        : { host: address.host, port: address.port, ipv6Only: !address.ipv4Compat };
    server.listen({ ...target, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

function livingError(path: string): Promise<Error | null> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(Object.assign(new Error("in use"), { code: "EADDRINUSE" }));
    });
    socket.once("error", (error) => resolve(codeOf(error) === "ECONNREFUSED" ? null : error));
  });
}

/** Whether somebody accepts connections on a port. Never rejects. */
export function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** A port of this host that nobody has now: what port 0 of a listener becomes before several workers bind it. Never rejects. */
export function findFreePort(host: string): Promise<number | NetFault> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", (error) =>
      resolve(bindFault(error, addressText({ kind: "socket", host, port: 0, ipv4Compat: false }))),
    );
    server.listen({ host, port: 0, exclusive: true }, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
