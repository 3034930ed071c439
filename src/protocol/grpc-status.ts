// gRPC status codes as HTTP status codes: how an answer whose HTTP status is always 200 went. Asked by the exchange.

/** The HTTP form of a grpc-status (Envoy's Grpc::Utility::grpcToHttpStatus); what is no known code is 500. */
export function httpStatusOfGrpc(grpcStatus: string): number {
  return HTTP_STATUS_OF.get(grpcStatus) ?? 500;
}

/** The grpc-status for an HTTP status (gRPC's http-grpc-status-mapping); 2, unknown, where it names none. */
export function grpcStatusOfHttp(status: number): number {
  return GRPC_STATUS_OF[status] ?? 2;
}

const HTTP_STATUS_OF: ReadonlyMap<string, number> = new Map([
  ["0", 200],
  ["1", 499], // cancelled
  ["2", 500], // unknown
  ["3", 400], // invalid argument
  ["4", 504], // deadline exceeded
  ["5", 404], // not found
  ["6", 409], // already exists
  ["7", 403], // permission denied
  ["8", 429], // resource exhausted
  ["9", 400], // failed precondition
  ["10", 409], // aborted
  ["11", 400], // out of range
  ["12", 501], // unimplemented
  ["13", 500], // internal
  ["14", 503], // unavailable
  ["15", 500], // data loss
  ["16", 401], // unauthenticated
]);

const GRPC_STATUS_OF: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};
