// STRICT_DNS and LOGICAL_DNS as Envoy does them: every configured name resolves by itself, keeps its addresses over failures and
// counts as Envoy counts. Pure: lookups and timers are effects.
import type { Behaviour, TimerFired } from "../../actor/behaviour.ts";
import type { Lane } from "../../actor/mailbox.ts";
import type { ClusterPlan, EndpointPlan } from "../../config/plan/cluster.ts";
import type { DiscoveryInput, LookupResult, ResolvedAddress } from "../../messages/discovery.ts";
import type { DnsEffect } from "./dns-effects.ts";
import { type DnsCluster, type DnsState, type DnsTarget, dnsPlanOf } from "./dns-state.ts";
import { delayAfterAnswer, delayAfterFailure } from "./refresh-delay.ts";

/** The DNS discovery actor. */
export const dnsDiscovery: Behaviour<DnsState, DiscoveryInput | TimerFired, DnsEffect> = {
  name: "discovery",
  laneOf,
  step(state, message) {
    switch (message.type) {
      case "plan-assigned":
        return assign(state, message.version, message.clusters);
      case "lookup-finished":
        return finish(state, message.target, message.result);
      case "timer-fired":
        return message.timer === INITIAL_TIMER ? giveUpWaiting(state) : refresh(state, message.timer);
      case "stop":
        return clear(state);
    }
  },
};

/** How long the first answers may keep listeners waiting. */
export const FIRST_ANSWER_MS_MAX = 15_000;

const INITIAL_TIMER = "first-answers";

function laneOf(message: DiscoveryInput | TimerFired): Lane {
  if (message.type === "stop") return "stop";
  return message.type === "plan-assigned" ? "supervision" : "work";
}

function assign(state: DnsState, version: number, plans: readonly ClusterPlan[]): DnsEffect[] {
  const effects: DnsEffect[] = [];
  const wanted = new Map(plans.map((plan) => [plan.name, plan]));
  for (const [name, cluster] of state.clusters) {
    if (!isSame(cluster.plan, wanted.get(name))) effects.push(...drop(state, cluster));
  }
  for (const plan of plans) if (!state.clusters.has(plan.name)) effects.push(...add(state, plan));
  state.version = version;
  state.initialized = false;
  effects.push({ type: "arm-timer", timer: INITIAL_TIMER, delayMs: FIRST_ANSWER_MS_MAX });
  effects.push(...reportInitialized(state));
  return effects;
}

function add(state: DnsState, plan: ClusterPlan): DnsEffect[] {
  const dns = dnsPlanOf(plan);
  if (dns === null) return [];
  const cluster: DnsCluster = { plan, dns, targets: [], unanswered: dns.endpoints.length, published: false };
  const mark = state.made++;
  state.clusters.set(plan.name, cluster);
  return dns.endpoints
    .map((endpoint, index) => {
      const id = `${plan.name}/${mark}/${index}`;
      const addresses: ReadonlySet<string> = new Set();
      const target = { id, cluster, endpoint, addresses, pending: false, answered: false, failures: 0, empty: false };
      cluster.targets.push(target);
      state.targets.set(id, target);
      return target;
    })
    .flatMap(lookUp);
}

function drop(state: DnsState, cluster: DnsCluster): DnsEffect[] {
  state.clusters.delete(cluster.plan.name);
  return cluster.targets.map((target) => {
    state.targets.delete(target.id);
    return { type: "disarm-timer", timer: target.id };
  });
}

function clear(state: DnsState): DnsEffect[] {
  const effects = [...state.clusters.values()].flatMap((cluster) => drop(state, cluster));
  state.initialized = true;
  return [...effects, { type: "disarm-timer", timer: INITIAL_TIMER }];
}

function refresh(state: DnsState, id: string): DnsEffect[] {
  const target = state.targets.get(id);
  return target === undefined || target.pending ? [] : lookUp(target);
}

function lookUp(target: DnsTarget): DnsEffect[] {
  const { plan, dns } = target.cluster;
  target.pending = true;
  return [
    { type: "count", statName: plan.statName, counter: "update_attempt" },
    {
      type: "look-up",
      target: target.id,
      host: hostOf(target.endpoint),
      family: dns.family,
      resolvers: dns.resolvers,
    },
  ];
}

function finish(state: DnsState, id: string, result: LookupResult): DnsEffect[] {
  const target = state.targets.get(id);
  if (target === undefined) return []; // its cluster is gone
  const { cluster } = target;
  target.pending = false;
  if (!target.answered) cluster.unanswered--;
  const isLastAnswer = !target.answered && cluster.unanswered === 0;
  target.answered = true;
  const isAnswer =
    result.kind === "resolved" && (result.addresses.length > 0 || target.cluster.dns.kind !== "logical_dns");
  const effects = isAnswer
    ? answer(state, target, result.addresses)
    : fail(state, target, result.kind === "failed" ? result.text : "no address");
  if (isLastAnswer) effects.push({ type: "report-answered", cluster: cluster.plan.name });
  return [...effects, ...reportInitialized(state)];
}

function answer(state: DnsState, target: DnsTarget, records: readonly ResolvedAddress[]): DnsEffect[] {
  const { plan, dns } = target.cluster;
  target.failures = 0;
  const effects: DnsEffect[] = [{ type: "count", statName: plan.statName, counter: "update_success" }];
  const before = target.addresses;
  const after = addressesOf(dns.kind, records);
  if (after.size === 0 && !target.empty) {
    const what = `${hostOf(target.endpoint)} of cluster ${plan.name} has no address: DNS knows no such name, or none of its family`;
    // A cluster that nobody waits for may well be away.
    const level = dns.delaysStart ? "warning" : "info";
    effects.push({ type: "log", line: { level, component: "upstream", text: what } });
  }
  target.empty = after.size === 0;
  const gone = without(before, after);
  const come = without(after, before);
  if (gone.length === 0 && come.length === 0) {
    effects.push({ type: "count", statName: plan.statName, counter: "update_no_rebuild" });
  } else {
    target.addresses = after;
    effects.push(publish(target, gone, come));
  }
  effects.push({ type: "arm-timer", timer: target.id, delayMs: delayAfterAnswer(dns, records, state.random) });
  return effects;
}

function fail(state: DnsState, target: DnsTarget, text: string): DnsEffect[] {
  const { plan, dns } = target.cluster;
  target.failures++;
  const effects: DnsEffect[] = [
    { type: "count", statName: plan.statName, counter: "update_failure" },
    { type: "arm-timer", timer: target.id, delayMs: delayAfterFailure(dns, target.failures, state.random) },
  ];
  if (target.failures === 1) {
    const what = `DNS resolution failed for ${hostOf(target.endpoint)} of cluster ${plan.name}: ${text}`;
    effects.push({ type: "log", line: { level: "warning", component: "upstream", text: what } });
  }
  return effects;
}

function giveUpWaiting(state: DnsState): DnsEffect[] {
  if (state.initialized) return [];
  state.initialized = true;
  const names = [...state.targets.values()].filter(isAwaited).map(({ endpoint }) => hostOf(endpoint));
  const text = `no answer for ${names.join(", ")} within ${FIRST_ANSWER_MS_MAX / 1000} s: serving without`;
  return [
    { type: "log", line: { level: "warning", component: "upstream", text } },
    { type: "report-initialized", version: state.version },
  ];
}

function reportInitialized(state: DnsState): DnsEffect[] {
  if (state.initialized) return [];
  for (const target of state.targets.values()) if (isAwaited(target)) return [];
  state.initialized = true;
  return [
    { type: "disarm-timer", timer: INITIAL_TIMER },
    { type: "report-initialized", version: state.version },
  ];
}

function isAwaited({ answered, cluster }: DnsTarget): boolean {
  return !answered && cluster.dns.delaysStart;
}

/** A cluster may have 10,000 endpoints: once they were told whole, only what changed is. */
function publish(target: DnsTarget, gone: readonly string[], come: readonly string[]): DnsEffect {
  const { cluster } = target;
  const { name } = cluster.plan;
  if (cluster.published) {
    return {
      type: "publish-changes",
      cluster: name,
      removed: hostsOf(target, gone),
      added: hostsOf(target, come),
    };
  }
  cluster.published = true;
  const endpoints = cluster.targets.flatMap((one) => hostsOf(one, [...one.addresses]));
  return { type: "publish-endpoints", cluster: name, endpoints };
}

/** The same address behind two names of a cluster is two hosts, as in Envoy; twice behind one name it is one. */
function hostsOf({ endpoint }: DnsTarget, hosts: readonly string[]): EndpointPlan[] {
  const { address } = endpoint;
  if (address.kind === "pipe") return [endpoint];
  return hosts.map((host) => ({ ...endpoint, address: { ...address, host } }));
}

function hostOf(endpoint: EndpointPlan): string {
  return endpoint.address.kind === "socket" ? endpoint.address.host : endpoint.address.path;
}

/** A logical host is the first address only. */
function addressesOf(kind: "strict_dns" | "logical_dns", records: readonly ResolvedAddress[]): Set<string> {
  const used = kind === "logical_dns" ? records.slice(0, 1) : records;
  return new Set(used.map(({ host }) => host));
}

/** Those of `all` that are not among `others`. */
function without(all: ReadonlySet<string>, others: ReadonlySet<string>): string[] {
  const left: string[] = [];
  for (const one of all) if (!others.has(one)) left.push(one);
  return left;
}

function isSame(held: ClusterPlan, wanted: ClusterPlan | undefined): boolean {
  return wanted !== undefined && JSON.stringify(held.discovery) === JSON.stringify(wanted.discovery);
}
