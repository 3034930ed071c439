// The admin server: one HTTP listener on the main thread. Answers /ready; sees the node through AdminView only.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressPlan } from "../../config/plan/address.ts";
import { addressText } from "../../config/plan/address.ts";
import type { AdminView } from "./view.ts";

/** A listening admin server. */
export interface AdminServer {
  /** Where it listens, the port real. */
  readonly address: AddressPlan;
  /** Ends it and its connections. */
  close(): Promise<void>;
}

/** Listens; rejects when the address cannot be bound. */
export async function startAdminServer(view: AdminView, address: AddressPlan): Promise<AdminServer> {
  const server = createServer((request, response) => answer(view, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    if (address.kind === "pipe") server.listen(address.path, resolve);
    else server.listen(address.port, address.host, resolve);
  });
  const bound = server.address();
  const real = typeof bound === "object" && bound !== null && address.kind === "socket" ? bound.port : 0;
  return {
    address: address.kind === "pipe" ? address : { ...address, port: real },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** `LIVE` with 200; any other state with 503, its reasons on lines of their own. */
function answer(view: AdminView, request: IncomingMessage, response: ServerResponse): void {
  response.setHeader("content-type", "text/plain; charset=UTF-8");
  response.setHeader("cache-control", "no-cache, max-age=0");
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("server", "envoy");
  if (request.url?.split("?")[0] !== "/ready") {
    response.writeHead(404).end("invalid path. admin commands are:\n  /ready\n");
    return;
  }
  const { state, reasons } = view.readiness();
  response.writeHead(state === "LIVE" ? 200 : 503).end(`${[state, ...reasons].join("\n")}\n`);
}

/** The text that --admin-address-path holds. */
export function adminAddressText(address: AddressPlan): string {
  return addressText(address);
}
