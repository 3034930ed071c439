// Runs the announcements behaviour on a bus: publishes its words, hears those of others, and passes on what it finds. Made by the mesh
// actor for a node, and by the announcer for a process that only announces.
import { ActorHost } from "../../../actor/actor-host.ts";
import type { TimerEffect, TimerFired } from "../../../actor/behaviour.ts";
import type { Clock } from "../../../base/clock.ts";
import type { TimerWheel } from "../../../base/timer-wheel.ts";
import type { AnnouncedCluster, AnnouncementPlan } from "../../../config/plan/announcement.ts";
import type { MeshOutput } from "../../../messages/mesh.ts";
import type { Bus, BusSubscription } from "../bus/bus.ts";
import type { MeshSubjects } from "../subjects.ts";
import { decodeAnnouncement, encodeAnnouncement } from "../wire/announcement.ts";
import type { MeshMessage } from "../wire/messages.ts";
import { announcing } from "./announce-behaviour.ts";
import type { AnnounceCounter, AnnounceEffect, AnnounceMessage, MemberId } from "./announce-effects.ts";
import { type AnnounceState, emptyAnnounceState } from "./announce-state.ts";

/** What it tells of: endpoint sets and leases. */
export type AnnounceFinding = Extract<
  AnnounceEffect,
  { readonly type: "endpoints-found" | "endpoints-moved" | "tell-leases" | "log" }
>;

/** What it stands on. */
export interface AnnounceHostParts {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly bus: Bus;
  readonly subjects: MeshSubjects;
  readonly self: MemberId;
  /** Clusters have endpoints already, from a predecessor that died: they stay until everybody was heard once more. */
  readonly isSuccessor: boolean;
  /** Everybody is on this machine. */
  readonly takesLoopback: boolean;
  tell(finding: AnnounceFinding): void;
  count(counter: AnnounceCounter): void;
}

/** One process's part in announcements. */
export class AnnounceHost {
  private readonly parts: AnnounceHostParts;
  private readonly host: ActorHost<AnnounceState, Exclude<AnnounceMessage, TimerFired>, OwnEffect>;
  /** By subject: two services may have one, since names become tokens. */
  private readonly subscriptions = new Map<string, BusSubscription | null>();

  constructor(parts: AnnounceHostParts) {
    const { clock, wheel, self, isSuccessor, takesLoopback } = parts;
    this.parts = parts;
    const state = emptyAnnounceState({ self, isSuccessor, takesLoopback, wallMs: () => clock.wallMs() });
    this.host = new ActorHost(announcing, state, { clock, wheel, perform: (effect) => this.perform(effect) });
  }

  /** What this node balances over and what it announces, from now on. */
  assign(clusters: readonly AnnouncedCluster[], announce: readonly AnnouncementPlan[]): void {
    const wanted = new Set(clusters.map(({ service }) => this.parts.subjects.endpointsOf(service)));
    for (const [subject, subscription] of this.subscriptions) {
      if (wanted.has(subject)) continue;
      subscription?.unsubscribe();
      this.subscriptions.delete(subject);
    }
    this.host.tell({ type: "plan-assigned", clusters, announce });
    for (const subject of wanted) {
      if (!this.subscriptions.has(subject)) this.subscriptions.set(subject, this.listen(subject));
    }
  }

  /** The bus was connected or lost. */
  busChanged(isUp: boolean): void {
    this.host.tell({ type: isUp ? "bus-connected" : "bus-lost" });
  }

  /** This node has waited for its peers' first words. */
  joined(): void {
    this.host.tell({ type: "mesh-joined" });
  }

  /** Any message of the mesh: signs of life are taken from it. */
  heard(message: MeshMessage): void {
    if (message.type === "hello") this.host.tell({ type: "peer-arrived" });
    else if (message.type === "left") this.host.tell({ type: "member-left", member: message });
    else if (message.type === "beat") this.host.tell({ type: "beat-heard", member: message });
  }

  /** Withdraws what this node announces, and announces nothing more. */
  leave(): void {
    this.host.tell({ type: "leave" });
  }

  /** Ends; nothing is told any more. */
  stop(): void {
    this.host.stop();
    for (const subscription of this.subscriptions.values()) subscription?.unsubscribe();
    this.subscriptions.clear();
  }

  private listen(subject: string): BusSubscription | null {
    return this.parts.bus.subscribe(subject, ({ payload }) => {
      const announcement = decodeAnnouncement(payload);
      this.host.tell(
        announcement === null ? { type: "announcement-garbled" } : { type: "announcement-heard", announcement },
      );
    });
  }

  private perform(effect: OwnEffect): void {
    switch (effect.type) {
      case "publish-announcement": {
        const { bus, subjects, self } = this.parts;
        const { announcement } = effect;
        bus.publish(subjects.endpoints(announcement.service, self.node), encodeAnnouncement(announcement));
        return;
      }
      case "count":
        this.parts.count(effect.counter);
        return;
      case "endpoints-found":
      case "endpoints-moved":
      case "tell-leases":
      case "log":
        this.parts.tell(effect);
        return;
    }
  }
}

/** A finding as the mesh actor tells it. */
export function outputOf(finding: AnnounceFinding): MeshOutput {
  if (finding.type === "log") return { type: "log-written", line: finding.line };
  return finding.type === "tell-leases" ? { ...finding, type: "leases-told" } : finding;
}

type OwnEffect = Exclude<AnnounceEffect, TimerEffect>;
