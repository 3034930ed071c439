// What a listener knows of the connections it serves, whatever their filter is: HTTP (exchange/) or raw bytes (tcp/).
import type { FormatSource } from "../telemetry/format.ts";
import type { DrainableConnection } from "./worker-services.ts";

/** One accepted connection. */
export interface ServedConnection extends DrainableConnection {
  /** Where it stands among its listener's connections, -1 once it is gone; the listener's. */
  place: number;
  readonly protocol: "http1" | "http2" | "tcp";
  /** What the listener's log tells of it besides the socket. */
  readonly record: ConnectionRecord;
  /** Whether it was asked to end. */
  readonly isDraining: boolean;
  /** Ends it now, whatever is open. */
  abort(): void;
}

/** A connection as a listener's log tells of it. What only requests have has no value: they have lines of their own. */
export interface ConnectionRecord extends FormatSource {
  readonly id: number;
  /** Response flags with commas between; empty: none. */
  readonly flags: string;
  /** What an operator of metadata stands for: texts, numbers, lists; undefined: nothing. */
  typed(name: string, args: readonly string[]): unknown;
}

/** The listener, as its connections see it. */
export interface ConnectionKeeper {
  /** Connections are to end as soon as it can be done well: the listener drains, or the node fails its health check by hand. */
  isDraining(): boolean;
  onConnectionClosed(connection: ServedConnection): void;
  nextConnectionId(): number;
}
