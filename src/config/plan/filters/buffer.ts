// envoy.filters.http.buffer as workers run it.

/** Holds the request back until it is whole. */
export interface BufferPlan {
  readonly kind: "buffer";
  /** max_request_bytes: a longer body is answered 413. */
  readonly requestBytesMax: number;
}

/** BufferPerRoute: another limit; null: off here. */
export interface BufferOverridePlan {
  readonly kind: "buffer";
  readonly settings: BufferPlan | null;
}
