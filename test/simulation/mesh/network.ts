// The network of a simulated world: one broker, and the ways to it and to the endpoints, each with its faults.
import type { Random } from "../../../src/base/random.ts";
import type { Announcement } from "../../../src/control/mesh/wire/announcement.ts";
import type { MeshMessage, SyncPage, SyncRequest } from "../../../src/control/mesh/wire/messages.ts";
import type { SeenProbe, SimEndpoint } from "./endpoints.ts";
import { assertWithinLimits } from "./limits.ts";
import type { SimNode } from "./sim-node.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** What goes wrong with messages, each from 0 to 1. */
export interface Weather {
  loss: number;
  duplicates: number;
  /** Messages that take up to `lateMs` longer, and so come out of order. */
  disorder: number;
  lateMs: number;
}

/** Messages and probes under way. */
export class SimNetwork {
  readonly time: VirtualTime;
  readonly weather: Weather = { loss: 0, duplicates: 0, disorder: 0, lateMs: 0 };
  /** Sides of a partition by name of the node; those on different sides do not hear each other. */
  private readonly sides = new Map<string, number>();
  /** Nodes whose probes come to nothing, from 0 to 1. */
  readonly badProbes: Map<string, number> = new Map();
  /** When the last of them was well again. */
  wellSinceMs: number = Number.NEGATIVE_INFINITY;
  /** Those that ever had such probes. */
  readonly wereBad: Set<string> = new Set();
  readonly nodes: Set<SimNode> = new Set();
  isBrokerUp = true;
  /** When the broker or a partition last came or went. */
  calmSinceMs = 0;
  /** Messages handed to nodes, by type. */
  readonly delivered: Map<string, number> = new Map();
  private readonly random: Random;
  private asks = 0;
  private readonly open = new Map<number, (page: SyncPage) => void>();

  constructor(time: VirtualTime, random: Random) {
    this.time = time;
    this.random = random;
  }

  /** True so often. */
  chance(share: number): boolean {
    return share > 0 && this.random.below(1_000_000) < share * 1_000_000;
  }

  /** Whether nothing stands between two nodes. */
  areTogether(one: SimNode, other: SimNode): boolean {
    return (this.sides.get(one.name) ?? 0) === (this.sides.get(other.name) ?? 0);
  }

  /** Who hears whom has changed. */
  setSides(sides: ReadonlyMap<string, number>): void {
    this.sides.clear();
    for (const [name, side] of sides) this.sides.set(name, side);
    this.calmSinceMs = this.time.nowMs;
  }

  /** A node connects. */
  join(node: SimNode): void {
    this.nodes.add(node);
    if (this.isBrokerUp) node.tell({ type: "bus-changed", isUp: true });
  }

  /** A node is gone. */
  part(node: SimNode): void {
    this.nodes.delete(node);
  }

  /** The broker goes or comes back; each node notices within a second. */
  setBroker(isUp: boolean): void {
    this.isBrokerUp = isUp;
    this.calmSinceMs = this.time.nowMs;
    for (const node of this.nodes) {
      this.time.after(isUp ? this.random.below(1_000) : this.random.below(100), () => {
        if (this.isBrokerUp === isUp && this.nodes.has(node)) node.tell({ type: "bus-changed", isUp });
      });
    }
  }

  /** To every node; a hello comes back to its sender, too: of other messages of its own no node takes note. */
  publish(from: SimNode, message: MeshMessage): void {
    assertWithinLimits(message);
    for (const to of this.nodes)
      if (to !== from || message.type === "hello")
        this.carry(from, to, message.type, () => to.tell({ type: "heard", message }));
  }

  /** An announcement: every node hears it. */
  announce(from: SimNode, announcement: Announcement): void {
    for (const to of this.nodes) {
      if (to === from) continue;
      this.carry(from, to, "announcement", () =>
        to.awake(() => to.announcer.tell({ type: "announcement-heard", announcement })),
      );
    }
  }

  /** An event: its id is heard by all. */
  publishEvent(from: SimNode, id: string): void {
    for (const to of this.nodes) this.carry(from, to, "event", () => to.tell({ type: "event-seen", id }));
  }

  /** To one node; `done` is called once, with null when no answer comes in time. */
  request(
    from: SimNode,
    name: string,
    message: SyncRequest,
    timeoutMs: number,
    done: (page: SyncPage | null) => void,
  ): void {
    assertWithinLimits(message);
    const ask = ++this.asks;
    let isOver = false;
    const end = (page: SyncPage | null): void => {
      if (isOver) return;
      isOver = true;
      this.open.delete(ask);
      done(page);
    };
    this.time.after(timeoutMs, () => end(null));
    const to = [...this.nodes].find((node) => node.name === name);
    if (to === undefined) return;
    this.open.set(ask, (page) => this.carry(to, from, "page", () => end(page)));
    this.carry(from, to, "request", () => to.tell({ type: "asked", ask, message }));
  }

  /** The answer to a request. */
  answer(ask: number, page: SyncPage): void {
    assertWithinLimits(page);
    this.open.get(ask)?.(page);
  }

  /** What becomes of a probe. */
  probe(
    node: SimNode,
    endpoint: SimEndpoint,
    kind: SeenProbe["kind"],
  ): { readonly afterMs: number; readonly passes: boolean } {
    endpoint.probes.push({ atMs: this.time.nowMs, node: node.name, kind });
    if (this.chance(this.badProbes.get(node.name) ?? 0)) return { afterMs: Number.POSITIVE_INFINITY, passes: false };
    if (endpoint.mood === "hanging") return { afterMs: Number.POSITIVE_INFINITY, passes: false };
    return { afterMs: 1 + this.random.below(4), passes: endpoint.mood === "well" };
  }

  private carry(from: SimNode, to: SimNode, type: string, deliver: () => void): void {
    if (!this.isBrokerUp || !this.areTogether(from, to)) return;
    const { loss, duplicates, disorder, lateMs } = this.weather;
    if (from !== to && this.chance(loss)) return;
    const copies = this.chance(duplicates) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const delayMs = 0.2 + this.random.below(100) / 100 + (this.chance(disorder) ? this.random.below(lateMs) : 0);
      this.time.after(delayMs, () => {
        if (to.isDead) return;
        this.delivered.set(type, (this.delivered.get(type) ?? 0) + 1);
        deliver();
      });
    }
  }
}
