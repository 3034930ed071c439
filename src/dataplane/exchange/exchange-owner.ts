// What an exchange asks of the connection it came by. Implemented by downstream-connection.ts.
import type { ProtocolFault } from "../../protocol/fault.ts";
import type { ConnectionFacts } from "../connection-operators.ts";
import type { Peer } from "./request-headers.ts";

/** A downstream connection as its exchanges see it. */
export interface ExchangeOwner {
  readonly peer: Peer;
  readonly protocol: "http1" | "http2";
  /** Monotonic time of the bytes that are being read. */
  readonly readMs: number;
  /** The socket's facts for logs and headers. */
  readonly facts: ConnectionFacts;
  /** Called before each answer's head: starts draining when the listener does, or when its health check was failed by hand. */
  drainBeforeAnswer(): void;
  /** The next answer is the last one of this connection. Nothing on HTTP/2. */
  endAfterAnswer(): void;
  /** An exchange is over; `whole`: its request was read to its end. */
  onExchangeOver(whole: boolean): void;
  /** The client broke the protocol. */
  onProtocolFault(fault: ProtocolFault): void;
}
