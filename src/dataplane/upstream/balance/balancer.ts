// The balancers behind one face. Called by host-set.ts's user once per pick; pure but for the place that each list keeps.
import type { Random } from "../../../base/random.ts";
import type { TurnBalancerPlan } from "../../../config/plan/cluster.ts";
import type { Host } from "./host.ts";
import type { HostList } from "./host-list.ts";
import { LeastRequest } from "./least-request.ts";
import { RandomChoice } from "./random.ts";
import { RoundRobin } from "./round-robin.ts";

/** Picks one of a list. */
export interface Balancer {
  /** The next host; null when the list is empty. */
  pick<H extends Host>(list: HostList<H>): H | null;
}

/** The balancer of a cluster. */
export function createBalancer(plan: TurnBalancerPlan, random: Random): Balancer {
  switch (plan.kind) {
    case "round_robin":
      return new RoundRobin(random);
    case "least_request":
      return new LeastRequest(random, plan.choices, plan.activeRequestBias);
    case "random":
      return new RandomChoice(random);
  }
}
