// lb_policy and load_balancing_policy to a balancer. Called by cluster.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, count, decimal, flag, has, millis, text } from "../load/fields.ts";
import type { BalancerPlan, ClusterPlan, SlowStartPlan } from "../plan/cluster.ts";
import type { SubsetsPlan } from "../plan/subset.ts";
import type { CompileContext } from "./context.ts";
import { compileHashPolicyOf, compileTypedHash, MAGLEV, RING_HASH } from "./hash-balancer.ts";
import { compileSubsets } from "./subsets.ts";

/** What picks, and from which groups of endpoints. */
type Balancing = Pick<ClusterPlan, "balancer" | "subsets">;

/** Compiles the policy; load_balancing_policy wins over lb_policy, as in Envoy. */
export function compileBalancing(context: CompileContext, cluster: CheckedMessage): Balancing {
  const policy = child(cluster, "load_balancing_policy");
  const subsets = child(cluster, "lb_subset_config");
  if (policy !== undefined) {
    const says = "cluster: load_balancing_policy cannot be combined with lb_subset_config";
    if (subsets !== undefined) context.error(cluster, "lb_subset_config", says);
    return typedBalancing(context, policy);
  }
  const balancer = namedBalancer(context, cluster);
  return { balancer, subsets: subsets === undefined ? null : subsetsOf(context, cluster, subsets) };
}

function subsetsOf(context: CompileContext, cluster: CheckedMessage, config: CheckedMessage): SubsetsPlan | null {
  const plan = compileSubsets(context, config);
  const common = child(cluster, "common_lb_config");
  const isWeighted = common !== undefined && has(common, "locality_weighted_lb_config");
  if (flag(config, "locality_weight_aware") === true && !isWeighted) {
    const where = `requires that a locality_weighted_lb_config be set in ${text(cluster, "name") ?? ""}`;
    context.error(config, "locality_weight_aware", `Locality weight aware subset LB ${where}`);
  }
  return plan;
}

function namedBalancer(context: CompileContext, cluster: CheckedMessage): BalancerPlan {
  const name = text(cluster, "lb_policy") ?? "ROUND_ROBIN";
  switch (name) {
    case "ROUND_ROBIN":
      return roundRobin(child(cluster, "round_robin_lb_config"));
    case "RANDOM":
      return { kind: "random" };
    case "LEAST_REQUEST":
      return leastRequest(child(cluster, "least_request_lb_config"));
    case "RING_HASH":
      return compileHashPolicyOf(context, "ring_hash", cluster);
    case "MAGLEV":
      return compileHashPolicyOf(context, "maglev", cluster);
    case "LOAD_BALANCING_POLICY_CONFIG":
      context.error(cluster, "lb_policy", "cluster: field load_balancing_policy need to be set");
      return roundRobin(undefined);
    default:
      context.refuse(cluster, "lb_policy", `lb_policy ${name}`, INSTEAD);
      return roundRobin(undefined);
  }
}

function typedBalancing(context: CompileContext, policy: CheckedMessage): Balancing {
  const skipped: CheckedMessage[] = [];
  for (const one of children(policy, "policies")) {
    const candidate = child(one, "typed_extension_config");
    const config = candidate === undefined ? undefined : child(candidate, "typed_config");
    if (candidate === undefined || config === undefined) continue;
    text(candidate, "name");
    const balancing = typedOne(context, config);
    if (balancing === null) {
      skipped.push(candidate);
      continue;
    }
    for (const other of skipped) context.warn(other, "typed_config", "not acted on: a later policy of the list is");
    return balancing;
  }
  context.refuse(policy, "policies", "these load balancing policies", INSTEAD);
  return { balancer: roundRobin(undefined), subsets: null };
}

/** One policy of a list; null: there is none such here. */
function typedOne(context: CompileContext, config: CheckedMessage): Balancing | null {
  const balancer = TYPED[config.type]?.(context, config);
  if (balancer !== undefined) return { balancer, subsets: null };
  const inner = config.type === SUBSET ? child(config, "subset_lb_policy") : undefined;
  return inner === undefined
    ? null
    : { balancer: typedBalancing(context, inner).balancer, subsets: compileSubsets(context, config) };
}

function roundRobin(config: CheckedMessage | undefined): BalancerPlan {
  return { kind: "round_robin", slowStart: slowStart(config) };
}

function leastRequest(config: CheckedMessage | undefined): BalancerPlan {
  const bias = runtimeDouble(config, "active_request_bias");
  return {
    kind: "least_request",
    choices: (config === undefined ? undefined : count(config, "choice_count")) ?? 2,
    activeRequestBias: bias.value,
    biasKey: bias.key,
    slowStart: slowStart(config),
  };
}

function slowStart(config: CheckedMessage | undefined): SlowStartPlan | null {
  const start = config === undefined ? undefined : child(config, "slow_start_config");
  if (start === undefined) return null;
  const windowMs = millis(start, "slow_start_window") ?? 0;
  const { key: aggressionKey, value: aggression } = runtimeDouble(start, "aggression");
  const least = child(start, "min_weight_percent");
  const leastFactor = least === undefined ? 0.1 : (decimal(least, "value") ?? 0) / 100;
  return windowMs > 0 ? { windowMs, aggression, aggressionKey, leastFactor } : null;
}

/** A RuntimeDouble; an absent one is 1, whatever it is for. */
function runtimeDouble(message: CheckedMessage | undefined, field: string): { value: number; key: string } {
  const double = message === undefined ? undefined : child(message, field);
  if (double === undefined) return { value: 1, key: "" };
  return { value: decimal(double, "default_value") ?? 0, key: text(double, "runtime_key") ?? "" };
}

const TYPED: Readonly<Record<string, (context: CompileContext, config: CheckedMessage) => BalancerPlan>> = {
  "envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin": (_, config) => roundRobin(config),
  "envoy.extensions.load_balancing_policies.random.v3.Random": () => ({ kind: "random" }),
  "envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest": (_, config) => leastRequest(config),
  [RING_HASH]: (context, config) => compileTypedHash(context, "ring_hash", config),
  [MAGLEV]: (context, config) => compileTypedHash(context, "maglev", config),
};

const SUBSET = "envoy.extensions.load_balancing_policies.subset.v3.Subset";
const INSTEAD = "use ROUND_ROBIN, LEAST_REQUEST, RANDOM, RING_HASH or MAGLEV";
