// Runs DNS discovery on its thread: performs its effects with a resolver, a statistics writer and the link to the supervisor.
import { ActorHost } from "../../actor/actor-host.ts";
import type { TimerEffect } from "../../actor/behaviour.ts";
import { misbehave } from "../../actor/misbehave.ts";
import type { Link } from "../../actor/thread-link.ts";
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import type { DiscoveryInput, DiscoveryOrder, DiscoveryOutput, LookupResult } from "../../messages/discovery.ts";
import { CLUSTER } from "../../telemetry/cluster-stats.ts";
import type { StatsWriter } from "../../telemetry/stats-memory.ts";
import { dnsDiscovery } from "./dns-behaviour.ts";
import type { DnsEffect, LookupFamily } from "./dns-effects.ts";
import { type DnsState, emptyDnsState } from "./dns-state.ts";

/** What the actor stands on. */
export interface DnsActorParts {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly stats: StatsWriter;
  readonly link: Link<DiscoveryOrder, DiscoveryOutput>;
  /** Never throws or rejects: failures are results. */
  lookUp(host: string, family: LookupFamily, resolvers: readonly string[]): Promise<LookupResult>;
  /** Called after the actor was stopped. */
  onStopped(): void;
}

/** Starts the actor; it lives until it is told to stop. */
export function runDnsActor(parts: DnsActorParts): void {
  const { clock, wheel, link } = parts;
  const host: ActorHost<DnsState, DiscoveryInput, OwnEffect> = new ActorHost(
    dnsDiscovery,
    emptyDnsState(parts.random),
    { clock, wheel, perform: (effect) => perform(parts, host, effect) },
  );
  link.receive((message) => {
    if (message.type === "misbehave") return misbehave(message.how);
    if (message.type === "forget-stats") {
      for (const names of message.names) parts.stats.forget(names);
      return;
    }
    host.tell(message);
    if (message.type !== "stop") return;
    host.stop();
    link.send({ type: "stopped" });
    link.close();
    parts.onStopped();
  });
  link.send({ type: "started" });
}

type OwnEffect = Exclude<DnsEffect, TimerEffect>;

function perform(parts: DnsActorParts, host: ActorHost<DnsState, DiscoveryInput, OwnEffect>, effect: OwnEffect): void {
  switch (effect.type) {
    case "look-up":
      void parts.lookUp(effect.host, effect.family, effect.resolvers).then((result) => {
        host.tell({ type: "lookup-finished", target: effect.target, result });
      });
      return;
    case "publish-endpoints":
      parts.link.send({ type: "endpoints-resolved", cluster: effect.cluster, endpoints: effect.endpoints });
      return;
    case "publish-changes": {
      const { cluster, removed, added } = effect;
      parts.link.send({ type: "endpoints-moved", cluster, removed, added });
      return;
    }
    case "report-answered":
      parts.link.send({ type: "names-answered", cluster: effect.cluster });
      return;
    case "report-initialized":
      parts.link.send({ type: "clusters-initialized", version: effect.version });
      return;
    case "count": {
      const block = parts.stats.block(CLUSTER, `cluster.${effect.statName}.`);
      const at = CLUSTER.at[effect.counter];
      block[at] = (block[at] as number) + 1;
      return;
    }
    case "log":
      parts.link.send({ type: "log-written", line: effect.line });
      return;
  }
}
