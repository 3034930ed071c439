// What DNS discovery remembers: clusters, and for each of their names the addresses last seen. Changed by dns-behaviour.ts only.
import type { Random } from "../../base/random.ts";
import type { ClusterPlan, DiscoveryPlan, EndpointPlan } from "../../config/plan/cluster.ts";

/** The part of a discovery plan that DNS clusters have. */
export type DnsPlan = DiscoveryPlan & { readonly kind: "strict_dns" | "logical_dns" };

/** One configured endpoint: one name that resolves apart from its siblings. */
export interface DnsTarget {
  /** Unique over all clusters; also the name of its timer. */
  readonly id: string;
  readonly cluster: DnsCluster;
  readonly endpoint: EndpointPlan;
  /** Addresses of the last good answer that changed them, without duplicates. */
  addresses: ReadonlySet<string>;
  /** A lookup is under way. */
  pending: boolean;
  /** It has had an answer or a failure. */
  answered: boolean;
  /** Failures in a row. */
  failures: number;
  /** Its last answer had no address, which was told. */
  empty: boolean;
}

/** One cluster whose endpoints are names. */
export interface DnsCluster {
  readonly plan: ClusterPlan;
  readonly dns: DnsPlan;
  readonly targets: DnsTarget[];
  /** Targets without a first answer. */
  unanswered: number;
  /** Its endpoints were told whole: from then on changes are told. */
  published: boolean;
}

/** All of it. */
export interface DnsState {
  readonly random: Random;
  readonly clusters: Map<string, DnsCluster>;
  readonly targets: Map<string, DnsTarget>;
  /** Version of the plan that is held. */
  version: number;
  /** Whether `report-initialized` was given for `version`. */
  initialized: boolean;
  /** Counts clusters made so far, so that a replaced cluster's late answers find nobody. */
  made: number;
}

/** Nothing discovered. */
export function emptyDnsState(random: Random): DnsState {
  return { random, clusters: new Map(), targets: new Map(), version: 0, initialized: true, made: 0 };
}

/** The DNS part of a cluster's discovery; null for other kinds. */
export function dnsPlanOf(plan: ClusterPlan): DnsPlan | null {
  const { discovery } = plan;
  return discovery.kind === "strict_dns" || discovery.kind === "logical_dns" ? (discovery as DnsPlan) : null;
}
