// When and how a failed attempt is made again.
import type { HeaderMatcherPlan } from "./match.ts";

/** retry_policy of a route or its virtual host. */
export interface RetryPlan {
  /** Words of retry_on that Envoy knows. */
  readonly retryOn: readonly string[];
  /** num_retries, default 1. */
  readonly retriesMax: number;
  /** Of one attempt, from the whole request and an open stream to its head; Infinity: none. */
  readonly perTryTimeoutMs: number;
  /** Of one attempt without a byte of an answer, during the body too; Infinity: none. */
  readonly perTryIdleTimeoutMs: number;
  readonly retriableStatusCodes: readonly number[];
  /** Any of them in an answer, with `retriable-headers`. */
  readonly retriableHeaders: readonly HeaderMatcherPlan[];
  /** Not empty: one of them must match the request, or nothing is retried. */
  readonly retriableRequestHeaders: readonly HeaderMatcherPlan[];
  /** 0: the runtime's upstream.base_retry_backoff_ms, else 25. */
  readonly backOffBaseMs: number;
  /** 0: ten times the base. */
  readonly backOffMaxMs: number;
  /** Headers of an answer that say when to come back, asked in this order; empty: none is asked. */
  readonly resetHeaders: readonly ResetHeaderPlan[];
  /** An answer that says more than this is not listened to; default 300 000. */
  readonly resetMaxMs: number;
  /** retry_host_predicate previous_hosts. */
  readonly avoidsTriedHosts: boolean;
  /** retry_host_predicate omit_canary_hosts. */
  readonly avoidsCanaries: boolean;
  /** host_selection_retry_max_attempts: picks after the first that met a host to avoid; default 1. */
  readonly repicksMax: number;
}

/** One of rate_limited_retry_back_off.reset_headers; `name` lower case. */
export interface ResetHeaderPlan {
  readonly name: string;
  readonly format: "seconds" | "unix_timestamp";
}
