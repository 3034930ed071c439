// What a listener tells its owner: finished channels, and what became of connections that are none. Implemented by the data plane.
import type { FilterChainPlan } from "../config/plan/listener.ts";
import type { Channel, TlsFacts } from "./channel.ts";

/** Takes over a channel, and its admission: assigns its handler before it returns. */
export type OnChannel = (channel: Channel, chain: FilterChainPlan, admission: Admission) => void;

/** Room that one connection takes, from its acceptance to its end. */
export interface Admission {
  /** The connection is gone; called once. */
  end(): void;
}

/** What is counted of a listener's connections before they are channels. */
export interface ListenEvents {
  /** A connection came: null refuses it (connection limits). */
  onAccept(): Admission | null;
  /** No filter chain matches: it was closed. */
  onNoChain(): void;
  /** The client did not say enough to choose a chain in time. */
  onChoiceTimeout(): void;
  /** The client went away, or said too much, before a chain could be chosen. */
  onChoiceFailed(): void;
  /** accept(2) failed: out of file descriptors, for example. The listener goes on. */
  onAcceptError(text: string): void;
  /** A TLS handshake is done. `tolerated`: what is wrong with the client's certificate and let pass. The channel follows. */
  onHandshake(chain: FilterChainPlan, tls: TlsFacts, tolerated: HandshakeFailure | null): void;
  /** A TLS handshake failed: the connection was closed. */
  onHandshakeFailed(chain: FilterChainPlan, failure: HandshakeFailure): void;
}

/** Why a handshake failed. */
export interface HandshakeFailure {
  /** The ssl counter that counts it; `closed`: the client went away in the middle, which Envoy does not count. */
  readonly reason:
    | "connection_error"
    | "fail_verify_cert_hash"
    | "fail_verify_error"
    | "fail_verify_no_cert"
    | "fail_verify_san"
    | "handshake_timeout"
    | "closed";
  /** Envoy's `TLS_error:…`, or empty. */
  readonly text: string;
}
