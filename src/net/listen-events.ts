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

/** The two ends of an accepted connection; undefined where there is no address. Read while it is open. */
export interface AcceptedSocket {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

/** What is counted of a listener's connections before they are channels. Where an admission is given, it ends after the call. */
export interface ListenEvents {
  /** A connection came: null refuses it (connection limits). */
  onAccept(accepted: AcceptedSocket): Admission | null;
  /** The chain of a connection is chosen, nothing else is known of it but the name that it asked for; false: it is closed. */
  onChain(chain: FilterChainPlan, admission: Admission, serverName: string): boolean;
  /** No filter chain matches: it was closed. */
  onNoChain(admission: Admission, serverName: string): void;
  /** The client did not say enough to choose a chain in time. */
  onChoiceTimeout(): void;
  /** The client went away, or said too much, before a chain could be chosen. */
  onChoiceFailed(): void;
  /** accept(2) failed: out of file descriptors, for example. The listener goes on. */
  onAcceptError(text: string): void;
  /** A TLS handshake is done. `tolerated`: what is wrong with the client's certificate and let pass. The channel follows. */
  onHandshake(chain: FilterChainPlan, tls: TlsFacts, tolerated: HandshakeFailure | null): void;
  /** A TLS handshake failed: the connection was closed. */
  onHandshakeFailed(failure: HandshakeFailure, admission: Admission): void;
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
