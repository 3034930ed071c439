// RING_HASH and MAGLEV, as lb_policy and as typed policies, to their plan. Called by balancer.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { child, count, flag, has, text } from "../load/fields.ts";
import type { HashBalancerOptions, HashBalancerPlan } from "../plan/cluster.ts";
import type { CompileContext } from "./context.ts";
import { compileHashPolicy } from "./hash-policy.ts";

/** Where the two kinds of a policy say things. */
interface Given {
  /** The policy's own message; undefined: all defaults. */
  readonly config: CheckedMessage | undefined;
  /** Who has consistent_hashing_lb_config and, of an lb_policy, locality_weighted_lb_config. */
  readonly common: CheckedMessage | undefined;
}

/** The typed policy. */
export function compileTypedHash(
  context: CompileContext,
  kind: HashBalancerPlan["kind"],
  config: CheckedMessage,
): HashBalancerPlan {
  return kind === "maglev"
    ? maglev(context, { config, common: config })
    : ringHash(context, { config, common: config });
}

/** The lb_policy of a cluster with its deprecated config. */
export function compileHashPolicyOf(
  context: CompileContext,
  kind: HashBalancerPlan["kind"],
  cluster: CheckedMessage,
): HashBalancerPlan {
  const common = child(cluster, "common_lb_config");
  return kind === "maglev"
    ? maglev(context, { config: child(cluster, "maglev_lb_config"), common })
    : ringHash(context, { config: child(cluster, "ring_hash_lb_config"), common });
}

/** Envoy's rule for the field of common_lb_config, whichever the policy: endpoints of such clusters have no hostname of their own. */
export function refuseHostnameHashing(context: CompileContext, cluster: CheckedMessage, kind: string): void {
  const common = child(cluster, "common_lb_config");
  const hashing = common === undefined ? undefined : child(common, "consistent_hashing_lb_config");
  if (hashing === undefined || flag(hashing, "use_hostname_for_hashing") !== true) return;
  const type = `envoy.cluster.${kind}`;
  const says = `Cannot use hostname for consistent hashing loadbalancing for cluster of type: '${type}'`;
  context.error(hashing, "use_hostname_for_hashing", says);
}

function ringHash(context: CompileContext, { config, common }: Given): HashBalancerPlan {
  const pointsMin = (config === undefined ? undefined : count(config, "minimum_ring_size")) ?? 1_024;
  const pointsMax = (config === undefined ? undefined : count(config, "maximum_ring_size")) ?? 8_388_608;
  if (config !== undefined && pointsMin > pointsMax) {
    const says = `ring hash: minimum_ring_size (${pointsMin}) > maximum_ring_size (${pointsMax})`;
    context.error(config, has(config, "minimum_ring_size") ? "minimum_ring_size" : "maximum_ring_size", says);
  }
  const name = config === undefined ? undefined : text(config, "hash_function");
  const hash = name === "MURMUR_HASH_2" ? "murmur_hash_2" : "xx_hash";
  return { kind: "ring_hash", hash, pointsMin, pointsMax, ...options(context, { config, common }) };
}

function maglev(context: CompileContext, { config, common }: Given): HashBalancerPlan {
  const tableSize = (config === undefined ? undefined : count(config, "table_size")) ?? 65_537;
  if (config !== undefined && !isPrime(tableSize)) {
    context.error(config, "table_size", "The table size of maglev must be prime number");
  }
  return { kind: "maglev", tableSize, ...options(context, { config, common }) };
}

function options(context: CompileContext, { config, common }: Given): HashBalancerOptions {
  const hashing = common === undefined ? undefined : child(common, "consistent_hashing_lb_config");
  // The typed ring has both as deprecated fields of its own, which count while the newer message is missing.
  const older = hashing ?? (config?.type === RING_HASH ? config : undefined);
  return {
    hashPolicy: hashing === undefined || common !== config ? [] : compileHashPolicy(context, hashing),
    usesHostname: (older === undefined ? undefined : flag(older, "use_hostname_for_hashing")) ?? false,
    balanceFactorPercent: (older === undefined ? undefined : count(older, "hash_balance_factor")) ?? 0,
    isLocalityWeighted: common !== undefined && has(common, "locality_weighted_lb_config"),
  };
}

function isPrime(value: number): boolean {
  if (value < 2) return false;
  for (let divisor = 2; divisor * divisor <= value; divisor++) if (value % divisor === 0) return false;
  return true;
}

/** The full names of the typed policies. */
export const RING_HASH = "envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash";
export const MAGLEV = "envoy.extensions.load_balancing_policies.maglev.v3.Maglev";
