// envoy.filters.http.local_ratelimit: token buckets that all workers of a node share, and the memory that they lie in.
import type { FractionPlan } from "../match.ts";
import type { RatePolicyPlan } from "../rate-limit.ts";
import type { HeaderAddPlan } from "../route.ts";

/** LocalRateLimit, of the chain or of a route. */
export interface LocalRateLimitPlan {
  readonly kind: "local_ratelimit";
  /** Names its buckets among those of the node; the memory is that of `Plan.rateBuckets`. Empty: each connection has its own. */
  readonly bucketKey: string;
  readonly statPrefix: string;
  readonly status: number;
  /** rate_limited_as_resource_exhausted is 8; -1: by the status. */
  readonly grpcStatus: number;
  /** Null: nothing is limited but what has a descriptor. */
  readonly bucket: TokenBucketPlan | null;
  readonly descriptors: readonly RateDescriptorPlan[];
  /** max_dynamic_descriptors: buckets that one descriptor with an open value may have at once. */
  readonly dynamicMax: number;
  /** Null: never. */
  readonly enabled: FractionPlan | null;
  readonly enforced: FractionPlan | null;
  readonly responseAdd: readonly HeaderAddPlan[];
  readonly requestAdd: readonly HeaderAddPlan[];
  readonly stage: number;
  /** rate_limits of the filter itself: with any, those of routes count for nothing. */
  readonly policies: readonly RatePolicyPlan[];
  readonly hostPolicies: "override" | "include" | "ignore";
  readonly alwaysConsumesDefault: boolean;
  readonly showsHeaders: boolean;
  readonly retryAfter: boolean;
}

/** Filled steadily, as in Envoy: `fillMs` brings `tokensPerFill`. */
export interface TokenBucketPlan {
  /** 0: nothing passes. */
  readonly tokensMax: number;
  readonly tokensPerFill: number;
  readonly fillMs: number;
}

/** A bucket of its own for requests that say these things, in this order. An empty value stands for any: each has a bucket. */
export interface RateDescriptorPlan {
  readonly entries: readonly { readonly key: string; readonly value: string }[];
  readonly bucket: TokenBucketPlan;
  /** shadow_mode: what it refuses passes, and is counted. */
  readonly watches: boolean;
}

/** Buckets that workers share, by name, with the 64-bit words that they take. */
export interface RateBucketsPlan {
  readonly key: string;
  readonly words: number;
}

/** Whether a descriptor has a bucket for every value that comes. */
export function isOpenDescriptor({ entries }: RateDescriptorPlan): boolean {
  return entries.some(({ value }) => value === "");
}

/** Words of a descriptor with open values: a lock, a seed, and for each bucket a name, the time of its last use and its state. */
export function openDescriptorWords(dynamicMax: number): number {
  return OPEN_HEAD_WORDS + dynamicMax * OPEN_CELL_WORDS;
}

/** Words of all buckets of a limit: that of all requests, then those of its descriptors in their order. */
export function rateBucketWords({
  descriptors,
  dynamicMax,
}: Pick<LocalRateLimitPlan, "descriptors" | "dynamicMax">): number {
  return descriptors.reduce(
    (sum, descriptor) => sum + (isOpenDescriptor(descriptor) ? openDescriptorWords(dynamicMax) : 1),
    1,
  );
}

export const OPEN_HEAD_WORDS = 2;
export const OPEN_CELL_WORDS = 3;
