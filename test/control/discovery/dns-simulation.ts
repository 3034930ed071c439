// DNS discovery without a thread, a network or real time: a host under a virtual clock whose lookups the test answers.
import { ActorHost } from "../../../src/actor/actor-host.ts";
import type { TimerEffect } from "../../../src/actor/behaviour.ts";
import { SeededRandom } from "../../../src/base/random.ts";
import { addressText } from "../../../src/config/plan/address.ts";
import type { ClusterPlan, EndpointPlan } from "../../../src/config/plan/cluster.ts";
import { NO_ENDPOINT_CHECK } from "../../../src/config/plan/health-check.ts";
import { dnsDiscovery } from "../../../src/control/discovery/dns-behaviour.ts";
import type { DiscoveryCounter, DnsEffect } from "../../../src/control/discovery/dns-effects.ts";
import { type DnsState, emptyDnsState } from "../../../src/control/discovery/dns-state.ts";
import type { DiscoveryInput, ResolvedAddress } from "../../../src/messages/discovery.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

/** Numbers by name; what never moved is not there. */
export type Counts<Name extends string> = { [N in Name]?: number };

/** What a simulated cluster is made of. */
export interface SimulatedCluster {
  readonly names: readonly string[];
  readonly kind?: "strict_dns" | "logical_dns";
  readonly refreshMs?: number;
  readonly respectTtl?: boolean;
  readonly jitterMs?: number;
  readonly failureBaseMs?: number;
  readonly failureMaxMs?: number;
  readonly endpoints?: readonly EndpointPlan[];
  readonly delaysStart?: boolean;
}

/** One cluster named `c` under discovery. */
export class DnsSimulation {
  readonly clock: VirtualClock = new VirtualClock();
  readonly cluster: ClusterPlan;
  readonly host: ActorHost<DnsState, DiscoveryInput, Exclude<DnsEffect, TimerEffect>>;
  readonly logs: string[] = [];
  /** Of each line in `logs`. */
  readonly levels: string[] = [];
  readonly initialized: number[] = [];
  /** Clusters that were reported as answered. */
  readonly answered: string[] = [];
  published: readonly EndpointPlan[] = [];
  /** How many endpoints each word about the cluster named. */
  readonly told: number[] = [];
  private readonly lookups = new Map<string, string>();
  private readonly counted: Counts<DiscoveryCounter> = {};

  constructor(shape: SimulatedCluster) {
    this.cluster = clusterOf(shape);
    this.host = new ActorHost(dnsDiscovery, emptyDnsState(new SeededRandom(1)), {
      clock: this.clock,
      wheel: this.clock.wheel,
      perform: (effect) => this.perform(effect),
    });
    this.assign(1, [this.cluster]);
  }

  assign(version: number, clusters: readonly ClusterPlan[]): void {
    this.host.tell({ type: "plan-assigned", version, clusters });
  }

  answer(name: string, addresses: readonly ResolvedAddress[]): void {
    this.finish(name, { kind: "resolved", addresses });
  }

  fail(name: string, text: string): void {
    this.finish(name, { kind: "failed", text });
  }

  /** Whether a lookup of this name waits for an answer. */
  pending(name: string): boolean {
    return this.lookups.has(name);
  }

  hosts(): string[] {
    return this.published.map(({ address }) => addressText(address));
  }

  counters(): Counts<DiscoveryCounter> {
    return { ...this.counted };
  }

  private finish(name: string, result: Parameters<typeof resultOf>[0]): void {
    const target = this.lookups.get(name);
    if (target === undefined) throw new Error(`nobody asked for ${name}`);
    this.lookups.delete(name);
    this.host.tell({ type: "lookup-finished", target, result: resultOf(result) });
  }

  private perform(effect: Exclude<DnsEffect, TimerEffect>): void {
    switch (effect.type) {
      case "look-up":
        this.lookups.set(effect.host, effect.target);
        return;
      case "publish-endpoints":
        this.told.push(effect.endpoints.length);
        this.published = effect.endpoints;
        return;
      case "publish-changes": {
        this.told.push(effect.removed.length + effect.added.length);
        const gone = effect.removed.map((plan) => JSON.stringify(plan));
        const stays = (plan: EndpointPlan): boolean => {
          const at = gone.indexOf(JSON.stringify(plan));
          if (at >= 0) gone.splice(at, 1);
          return at < 0;
        };
        this.published = [...this.published.filter(stays), ...effect.added];
        if (gone.length > 0) throw new Error(`went without having come: ${gone.join()}`);
        return;
      }
      case "report-answered":
        this.answered.push(effect.cluster);
        return;
      case "report-initialized":
        this.initialized.push(effect.version);
        return;
      case "count":
        this.counted[effect.counter] = (this.counted[effect.counter] ?? 0) + 1;
        return;
      case "log":
        this.logs.push(effect.line.text);
        this.levels.push(effect.line.level);
        return;
    }
  }
}

/** A records with a TTL of 5 s. */
export function records(...hosts: string[]): ResolvedAddress[] {
  return hosts.map((host) => ({ host, ttlS: 5 }));
}

/** An endpoint of this name on port 80. */
export function endpoint(name: string): EndpointPlan {
  return {
    address: { kind: "socket", host: name, port: 80, ipv4Compat: false },
    hostname: name,
    weight: 1,
    priority: 0,
    locality: { region: "", zone: "", subZone: "" },
    localityWeight: 0,
    health: "unknown",
    metadata: {},
    canary: false,
    check: NO_ENDPOINT_CHECK,
  };
}

function resultOf(result: (DiscoveryInput & { readonly type: "lookup-finished" })["result"]) {
  return result;
}

function clusterOf(shape: SimulatedCluster): ClusterPlan {
  const discovery = {
    kind: shape.kind ?? "strict_dns",
    endpoints: shape.endpoints ?? shape.names.map(endpoint),
    refreshMs: shape.refreshMs ?? 5_000,
    failureRefreshBaseMs: shape.failureBaseMs ?? 5_000,
    failureRefreshMaxMs: shape.failureMaxMs ?? 5_000,
    respectTtl: shape.respectTtl ?? false,
    jitterMs: shape.jitterMs ?? 0,
    family: "v4_only" as const,
    resolvers: [],
    delaysStart: shape.delaysStart ?? true,
  };
  // Discovery reads nothing else of a cluster.
  return { name: "c", statName: "c", discovery } as unknown as ClusterPlan;
}
