// lb_policy and load_balancing_policy to a balancer. Called by cluster.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, count, decimal, text } from "../load/fields.ts";
import type { BalancerPlan } from "../plan/cluster.ts";
import type { CompileContext } from "./context.ts";
import { compileHashPolicyOf, compileTypedHash, MAGLEV, RING_HASH } from "./hash-balancer.ts";

/** Compiles the policy; load_balancing_policy wins over lb_policy, as in Envoy. */
export function compileBalancer(context: CompileContext, cluster: CheckedMessage): BalancerPlan {
  const policy = child(cluster, "load_balancing_policy");
  const name = text(cluster, "lb_policy") ?? "ROUND_ROBIN";
  if (policy !== undefined) return typedBalancer(context, policy);
  switch (name) {
    case "ROUND_ROBIN":
      return { kind: "round_robin" };
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
      return { kind: "round_robin" };
    default:
      context.refuse(cluster, "lb_policy", `lb_policy ${name}`, INSTEAD);
      return { kind: "round_robin" };
  }
}

function typedBalancer(context: CompileContext, policy: CheckedMessage): BalancerPlan {
  const skipped: CheckedMessage[] = [];
  for (const one of children(policy, "policies")) {
    const candidate = child(one, "typed_extension_config");
    const config = candidate === undefined ? undefined : child(candidate, "typed_config");
    if (candidate === undefined || config === undefined) continue;
    const balancer = TYPED[config.type]?.(context, config);
    text(candidate, "name");
    if (balancer === undefined) {
      skipped.push(candidate);
      continue;
    }
    for (const other of skipped) context.warn(other, "typed_config", "not acted on: a later policy of the list is");
    return balancer;
  }
  context.refuse(policy, "policies", "these load balancing policies", INSTEAD);
  return { kind: "round_robin" };
}

function leastRequest(config: CheckedMessage | undefined): BalancerPlan {
  const bias = config === undefined ? undefined : child(config, "active_request_bias");
  return {
    kind: "least_request",
    choices: (config === undefined ? undefined : count(config, "choice_count")) ?? 2,
    activeRequestBias: (bias === undefined ? undefined : decimal(bias, "default_value")) ?? 1,
  };
}

const TYPED: Readonly<Record<string, (context: CompileContext, config: CheckedMessage) => BalancerPlan>> = {
  "envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin": () => ({ kind: "round_robin" }),
  "envoy.extensions.load_balancing_policies.random.v3.Random": () => ({ kind: "random" }),
  "envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest": (_, config) => leastRequest(config),
  [RING_HASH]: (context, config) => compileTypedHash(context, "ring_hash", config),
  [MAGLEV]: (context, config) => compileTypedHash(context, "maglev", config),
};

const INSTEAD = "use ROUND_ROBIN, LEAST_REQUEST, RANDOM, RING_HASH or MAGLEV";
