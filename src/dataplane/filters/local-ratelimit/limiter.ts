// Decides by token buckets whether a request may pass: those of the descriptors that it has, and the one of all requests.
import {
  isOpenDescriptor,
  type LocalRateLimitPlan,
  openDescriptorWords,
  type RateDescriptorPlan,
} from "../../../config/plan/filters/local-ratelimit.ts";
import { OpenBuckets } from "./open-buckets.ts";
import { TokenBucket } from "./token-bucket.ts";

/** What a policy said of a request. */
export interface Descriptor {
  readonly entries: readonly RateDescriptorPlan["entries"][number][];
  readonly hits: number;
  /** The hits are given back. */
  readonly negative: boolean;
  /** Null: as the filter says. */
  readonly showsHeaders: boolean | null;
}

/** Whether a request may pass, and the bucket that it is told of. */
export interface Verdict {
  readonly allowed: boolean;
  /** What refuses it only watches. */
  readonly watched: boolean;
  readonly bucket: TokenBucket | null;
  readonly showsHeaders: boolean | null;
}

/** The buckets of one limit. */
export class Limiter {
  private readonly bucket: TokenBucket | null;
  private readonly alwaysConsumesDefault: boolean;
  private readonly exact = new Map<string, TokenBucket>();
  private readonly open: { readonly plan: RateDescriptorPlan; readonly buckets: OpenBuckets }[] = [];

  /** `memory`: of `rateBucketWords` words. */
  constructor(plan: LocalRateLimitPlan, memory: ArrayBufferLike, seed: () => bigint) {
    const words = new BigInt64Array(memory);
    this.alwaysConsumesDefault = plan.alwaysConsumesDefault;
    this.bucket = plan.bucket === null ? null : new TokenBucket(plan.bucket, words, 0);
    let at = 1;
    for (const descriptor of plan.descriptors) {
      if (isOpenDescriptor(descriptor)) {
        const end = at + openDescriptorWords(plan.dynamicMax);
        this.open.push({
          plan: descriptor,
          buckets: new OpenBuckets(descriptor, words.subarray(at, end), seed()),
        });
        at = end;
      } else {
        this.exact.set(nameOf(descriptor.entries), new TokenBucket(descriptor.bucket, words, at, descriptor.watches));
        at++;
      }
    }
  }

  /** Takes what the request costs: first of its descriptors, the slowest bucket first, then of the bucket of all requests. */
  ask(nowMs: number, descriptors: readonly Descriptor[]): Verdict {
    const matches = this.matches(nowMs, descriptors);
    for (const { bucket, descriptor } of matches) {
      const { hits, negative, showsHeaders } = descriptor;
      if (negative) bucket.giveBack(nowMs, hits);
      else if (!bucket.take(nowMs, hits)) return { allowed: false, watched: bucket.watches, bucket, showsHeaders };
    }
    const [first] = matches;
    const told = {
      watched: false,
      bucket: first?.bucket ?? null,
      showsHeaders: first?.descriptor.showsHeaders ?? null,
    };
    if (this.bucket === null || (first !== undefined && !this.alwaysConsumesDefault)) return { allowed: true, ...told };
    if (this.bucket.plan.tokensMax === 0) return REFUSED;
    if (!this.bucket.take(nowMs, 1)) return { ...REFUSED, bucket: this.bucket };
    return { allowed: true, ...told, bucket: told.bucket ?? this.bucket };
  }

  private matches(nowMs: number, descriptors: readonly Descriptor[]): Match[] {
    const found: Match[] = [];
    for (const descriptor of descriptors) {
      const bucket = this.bucketOf(descriptor, nowMs);
      if (bucket !== null) found.push({ bucket, descriptor });
    }
    return found.length < 2 ? found : found.sort((a, b) => a.bucket.rate - b.bucket.rate);
  }

  private bucketOf({ entries }: Descriptor, nowMs: number): TokenBucket | null {
    const name = nameOf(entries);
    const exact = this.exact.get(name);
    if (exact !== undefined) return exact;
    const open = this.open.find(({ plan }) => fits(plan.entries, entries));
    return open === undefined ? null : open.buckets.of(name, nowMs);
  }
}

interface Match {
  readonly bucket: TokenBucket;
  readonly descriptor: Descriptor;
}

type Entries = Descriptor["entries"];

function nameOf(entries: Entries): string {
  return entries.map(({ key, value }) => `${key}\0${value}`).join("\0\0");
}

function fits(wanted: Entries, given: Entries): boolean {
  return (
    wanted.length === given.length &&
    wanted.every(({ key, value }, at) => {
      const other = given[at] as Entries[number];
      return key === other.key && (value === "" || value === other.value);
    })
  );
}

const REFUSED: Verdict = { allowed: false, watched: false, bucket: null, showsHeaders: null };
