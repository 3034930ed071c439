// Opens listening sockets. Called by each worker for each listener address; what comes in is the business of acceptor.ts.
import { randomBytes } from "node:crypto";
import { chmodSync, unlinkSync } from "node:fs";
import { createServer, type ListenOptions as NodeListenOptions } from "node:net";
import { type AddressPlan, addressText } from "../config/plan/address.ts";
import { Acceptor, type Listening } from "./acceptor.ts";
import type { ChainsPlan } from "./chain-choice.ts";
import type { NetFault } from "./channel.ts";
import type { ListenEvents, OnChannel } from "./listen-events.ts";
import type { NetContext } from "./net-context.ts";
import { bindFault } from "./net-fault.ts";
import { isSocketFile, pipePath } from "./pipe-path.ts";
import { readyChains } from "./ready-chains.ts";

/** Where to listen and how. */
export interface ListenOptions {
  readonly address: AddressPlan;
  /** Connections that may wait to be accepted; Envoy's default is 128. */
  readonly backlog: number;
  /** `reuse-port`: every worker binds the address and the kernel spreads connections. Unix sockets are always exclusive. */
  readonly sharing: "exclusive" | "reuse-port";
  readonly chains: ChainsPlan;
  /** 48 bytes that all workers share, so that a TLS session resumes on each of them, and further 48 of older keys; null: this listener's own. */
  readonly ticketKeys: Buffer | null;
  readonly events: ListenEvents;
}

/** An open listener, or why there is none: `cannot bind '127.0.0.1:80': Permission denied`. */
export type ListenOutcome =
  | { readonly kind: "listening"; readonly listening: Listening }
  | { readonly kind: "fault"; readonly fault: NetFault };

/** Listens on the address. Never rejects. */
export function listen(net: NetContext, options: ListenOptions, onChannel: OnChannel): Promise<ListenOutcome> {
  const ready = readyChains(options.chains, options.ticketKeys ?? randomBytes(48));
  if ("kind" in ready) return Promise.resolve({ kind: "fault", fault: ready });
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true, highWaterMark: 1 });
  return new Promise((resolve) => {
    const failed = (error: Error): void => {
      server.close();
      resolve({ kind: "fault", fault: bindFault(error, addressText(options.address)) });
    };
    server.once("error", failed);
    const opened = (): void => {
      server.off("error", failed);
      try {
        setMode(options.address);
      } catch (error) {
        failed(error as Error);
        return;
      }
      resolve({ kind: "listening", listening: new Acceptor(net, server, { ...options, ready, onChannel }) });
    };
    try {
      server.listen(bindOptions(options), opened);
    } catch (error) {
      failed(error as Error);
    }
  });
}

function bindOptions(options: ListenOptions): NodeListenOptions {
  const { address, backlog } = options;
  if (address.kind === "pipe") {
    // As Envoy: what a dead process left behind is in the way. A living one was found by checkAddressFree.
    if (isSocketFile(address.path)) unlinkSync(address.path);
    return { path: pipePath(address.path), backlog };
  }
  return {
    host: address.host,
    port: address.port,
    backlog,
    ipv6Only: !address.ipv4Compat,
    reusePort: options.sharing === "reuse-port",
  };
}

function setMode(address: AddressPlan): void {
  if (address.kind === "pipe" && address.mode !== 0 && !address.path.startsWith("@"))
    chmodSync(address.path, address.mode);
}
