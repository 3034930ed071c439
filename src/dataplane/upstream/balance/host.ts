// What a balancer sees of an endpoint. Implemented by upstream/endpoint.ts; tests bring their own.

/** Something that can be picked. */
export interface Host {
  /** load_balancing_weight, at least 1. */
  readonly weight: number;
  /** Since when slow start counts it as well; -1: it is not, or nobody looks. */
  readonly wellSinceMs: number;
  /** Requests in flight to it, over all workers where that is known. */
  activeRequests(): number;
}
