// What the tests use of the package ws, which brings no types.
declare module "ws" {
  import type { EventEmitter } from "node:events";
  import type { IncomingMessage, Server } from "node:http";

  export interface WebSocketOptions {
    readonly perMessageDeflate?: boolean;
    readonly rejectUnauthorized?: boolean;
    readonly maxPayload?: number;
  }

  export class WebSocket extends EventEmitter {
    readonly protocol: string;
    readonly extensions: string;
    readonly readyState: number;
    readonly bufferedAmount: number;
    constructor(address: string, protocols?: readonly string[], options?: WebSocketOptions);
    send(
      data: string | Uint8Array,
      options?: { readonly fin?: boolean; readonly binary?: boolean },
      done?: () => void,
    ): void;
    ping(data?: string): void;
    pause(): void;
    resume(): void;
    close(code?: number, reason?: string): void;
    terminate(): void;
  }

  export interface ServerOptions {
    readonly port?: number;
    readonly host?: string;
    readonly server?: Server;
    readonly perMessageDeflate?: boolean;
    readonly autoPong?: boolean;
    readonly maxPayload?: number;
    readonly verifyClient?: (info: { readonly req: IncomingMessage }) => boolean;
  }

  export class WebSocketServer extends EventEmitter {
    readonly clients: ReadonlySet<WebSocket>;
    constructor(options: ServerOptions);
    address(): { readonly port: number };
    close(done?: () => void): void;
  }
}
