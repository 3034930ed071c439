// envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit to its plan. Called by filter-chain.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { child, flag, text } from "../load/fields.ts";
import type { ConnectionRatePlan } from "../plan/listener.ts";
import type { CompileContext } from "./context.ts";
import { compileTokenBucket } from "./filters/local-ratelimit.ts";
import { statName } from "./stat-name.ts";

/** The full name of the message. */
export const CONNECTION_RATE = "envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit";

/** Compiles a limit of new connections; its bucket is one of the node's. */
export function compileConnectionRate(context: CompileContext, config: CheckedMessage): ConnectionRatePlan {
  const tooFast = "local rate limit token bucket fill timer must be >= 50ms";
  const bucket = compileTokenBucket(context, config, tooFast) ?? { tokensMax: 0, tokensPerFill: 1, fillMs: 0 };
  const statPrefix = statName(text(config, "stat_prefix") ?? "");
  const enabled = child(config, "runtime_enabled");
  return {
    statPrefix,
    bucket,
    bucketKey: bucketKey(context, [statPrefix, bucket], text(config, "share_key") ?? ""),
    isEnabled: (enabled === undefined ? undefined : flag(enabled, "default_value")) ?? true,
    runtimeKey: (enabled === undefined ? undefined : text(enabled, "runtime_key")) ?? "",
  };
}

/** Limits with the same share_key and bucket have one; of other equal ones each has its own, which a reload keeps. */
function bucketKey(context: CompileContext, [statPrefix, bucket]: readonly [string, object], shareKey: string): string {
  const { rateBuckets } = context;
  if (shareKey !== "") {
    const key = `connections shared ${JSON.stringify([shareKey, bucket])}`;
    if (!rateBuckets.some((other) => other.key === key)) rateBuckets.push({ key, words: 1 });
    return key;
  }
  const name = `connections ${JSON.stringify([statPrefix, bucket])}`;
  const key = `${name}#${rateBuckets.filter((other) => other.key.startsWith(name)).length}`;
  rateBuckets.push({ key, words: 1 });
  return key;
}
