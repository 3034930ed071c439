// How much one client, and all of them, may ask of the embedded broker. The parser, the clients and the sockets obey it.

/** Every limit has an effect that a client sees. */
export interface BrokerLimits {
  /** Bytes of one command without its payload; beyond: `maximum control line exceeded`, and the connection ends. */
  readonly controlLineBytesMax: number;
  /** Bytes of headers and payload; beyond: `Maximum Payload Violation`, and the connection ends. */
  readonly payloadBytesMax: number;
  /** Bytes of the name that a client gives a subscription; beyond: `Parser Error`, and the connection ends. */
  readonly sidBytesMax: number;
  /** Subscriptions of one client; beyond: `maximum subscriptions exceeded`, the connection stays. */
  readonly subscriptionsMax: number;
  /** Beyond: `maximum connections exceeded`, and the new connection ends. */
  readonly connectionsMax: number;
  /** Bytes that wait for one client to take them; beyond: it is a slow consumer and cut off. */
  readonly pendingBytesMax: number;
  /** How often a client is asked whether it lives. */
  readonly pingIntervalMs: number;
  /** Questions without an answer before `Stale Connection` ends it. */
  readonly pingsOutMax: number;
}

/** Those of nats-server where it has one; fewer connections, subscriptions and pending bytes, because this broker serves one machine. */
export const BROKER_LIMITS: BrokerLimits = {
  controlLineBytesMax: 4_096,
  payloadBytesMax: 1_048_576,
  sidBytesMax: 256,
  subscriptionsMax: 2_048,
  connectionsMax: 256,
  pendingBytesMax: 4_194_304,
  pingIntervalMs: 10_000,
  pingsOutMax: 2,
};
