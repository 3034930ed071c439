// The balancers behind one face. Called by host-set.ts's user once per pick; pure but for the place that each list keeps.
import type { Random } from "../../../base/random.ts";
import type { TurnBalancerPlan } from "../../../config/plan/cluster.ts";
import type { RuntimeView } from "../../../config/plan/runtime.ts";
import type { Host } from "./host.ts";
import type { HostList } from "./host-list.ts";
import { LeastRequest } from "./least-request.ts";
import { RandomChoice } from "./random.ts";
import { RoundRobin } from "./round-robin.ts";
import type { SlowStart } from "./slow-start.ts";

/** Picks one of a list. */
export interface Balancer {
  /** The next host; null when the list is empty. */
  pick<H extends Host>(list: HostList<H>): H | null;
}

/** What balancers stand on. */
export interface BalancerHome {
  readonly random: Random;
  readonly runtime: RuntimeView;
  /** Null: a new host has its whole share at once. */
  readonly slowStart: SlowStart | null;
}

/** The balancer of a cluster. */
export function createBalancer(plan: TurnBalancerPlan, home: BalancerHome): Balancer {
  const { random } = home;
  switch (plan.kind) {
    case "round_robin":
      return new RoundRobin(home);
    case "least_request":
      return new LeastRequest(plan, home);
    case "random":
      return new RandomChoice(random);
  }
}
