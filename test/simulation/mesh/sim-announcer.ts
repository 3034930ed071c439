// The announcements of one simulated node: the real behaviour, and the endpoints that its cluster has because of it.
import type { TimerEffect } from "../../../src/actor/behaviour.ts";
import { addressText } from "../../../src/config/plan/address.ts";
import type { EndpointPlan } from "../../../src/config/plan/cluster.ts";
import { announcing } from "../../../src/control/mesh/announce/announce-behaviour.ts";
import type { AnnounceEffect, AnnounceMessage } from "../../../src/control/mesh/announce/announce-effects.ts";
import { type AnnounceState, emptyAnnounceState } from "../../../src/control/mesh/announce/announce-state.ts";
import type { Announcement } from "../../../src/control/mesh/wire/announcement.ts";
import type { MeshMessage } from "../../../src/control/mesh/wire/messages.ts";
import type { Happening } from "./virtual-time.ts";

/** What it needs of its node. */
export interface AnnouncerWorld {
  clockMs(): number;
  after(delayMs: number, run: () => void): Happening;
  publish(announcement: Announcement): void;
}

/** One node's part in announcements: it announces one endpoint, which no other instance has, and takes those of all. */
export class SimAnnouncer {
  /** Its own. */
  readonly address: string;
  /** Addresses that its cluster has. */
  readonly held: Map<string, EndpointPlan> = new Map();
  private readonly world: AnnouncerWorld;
  private readonly state: AnnounceState;
  private readonly port: number;
  private readonly timers = new Map<string, Happening>();

  constructor(self: { readonly node: string; readonly instance: string }, world: AnnouncerWorld) {
    this.world = world;
    this.port = FIRST_PORT + Number.parseInt(self.instance, 16);
    this.address = `${HOST}:${this.port}`;
    this.state = emptyAnnounceState({ self, wallMs: () => 0, takesLoopback: true, isSuccessor: false });
    this.announce(true);
  }

  /** It says that it has its endpoint, or takes it back. */
  announce(isThere: boolean): void {
    const locality = { region: "", zone: "", subZone: "" };
    const endpoints = isThere ? [{ host: HOST, port: this.port, weight: 1, locality, metadata: {} }] : [];
    const clusters = [{ cluster: "announced", service: SERVICE }];
    this.tell({ type: "plan-assigned", clusters, announce: [{ service: SERVICE, endpoints }] });
  }

  /** A message of the mesh, as the host of the real one takes signs of life from it. */
  heard(message: MeshMessage): void {
    if (message.type === "hello") this.tell({ type: "peer-arrived" });
    else if (message.type === "left") this.tell({ type: "member-left", member: message });
    else if (message.type === "beat") this.tell({ type: "beat-heard", member: message });
  }

  tell(message: AnnounceMessage): void {
    for (const effect of announcing.step(this.state, message, this.world.clockMs())) this.perform(effect);
  }

  /** Its process is over. */
  stop(): void {
    for (const timer of this.timers.values()) timer.run = null;
  }

  private perform(effect: AnnounceEffect | TimerEffect): void {
    switch (effect.type) {
      case "arm-timer":
      case "disarm-timer": {
        const held = this.timers.get(effect.timer);
        if (held !== undefined) held.run = null;
        if (effect.type === "disarm-timer") return;
        const fire = (): void => this.tell({ type: "timer-fired", timer: effect.timer });
        this.timers.set(effect.timer, this.world.after(effect.delayMs, fire));
        return;
      }
      case "publish-announcement":
        this.world.publish(effect.announcement);
        return;
      case "endpoints-found":
        this.held.clear();
        this.move([], effect.endpoints);
        return;
      case "endpoints-moved":
        this.move(effect.removed, effect.added);
        return;
      case "tell-leases":
      case "count":
      case "log":
        return;
    }
  }

  private move(removed: readonly EndpointPlan[], added: readonly EndpointPlan[]): void {
    for (const { address } of removed) {
      if (!this.held.delete(addressText(address))) throw new Error(`${addressText(address)} went and had not come`);
    }
    for (const plan of added) {
      if (this.held.has(addressText(plan.address))) throw new Error(`${addressText(plan.address)} came twice`);
      this.held.set(addressText(plan.address), plan);
    }
  }
}

const SERVICE = "shop.orders";
const HOST = "10.1.0.1";
const FIRST_PORT = 1_000;
