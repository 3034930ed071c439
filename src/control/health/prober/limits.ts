// What an endpoint may cost at most, in one place, with what happens at each limit. Header fields have the limits of their cluster.

/** Bytes of an HTTP or TCP answer; a longer one is none, and its connection ends. */
export const ANSWER_BYTES_MAX: number = 16_777_216;

/**
 * Bytes of a gRPC answer, the same; a HealthCheckResponse has a few. Little enough that nobody makes them dear by sending them one by
 * one.
 */
export const GRPC_ANSWER_BYTES_MAX: number = 4_096;

/** Interim answers to one question, the same. HTTP/1 has it in its codec; on HTTP/2 an endpoint could go on until the time is over. */
export const INTERIMS_MAX: number = 32;

/** Bytes between two questions of a TCP check; who says more loses its connection. */
export const UNASKED_BYTES_MAX: number = 65_536;

/** TLS handshakes that begin in a second unless the options say otherwise; further ones wait for their turn. */
export const HANDSHAKES_PER_SECOND: number = 200;
