// What lies between the nodes of a simulated world that merges load: one broker with its faults, and the way to the LRS server.
import type { Random } from "../../../src/base/random.ts";
import type { LoadNote, LoadReply, LoadRequest } from "../../../src/control/load/merge/merge-messages.ts";
import type { VirtualTime } from "../mesh/virtual-time.ts";
import type { SimLoadNode } from "./sim-load-node.ts";
import type { SimLrsServer } from "./sim-server.ts";

/** Messages under way. */
export class LoadNetwork {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly server: SimLrsServer;
  /** What goes wrong with messages: shares from 0 to 1, and how late a late one is. */
  readonly weather: { loss: number; duplicates: number; disorder: number; lateMs: number } = {
    loss: 0,
    duplicates: 0,
    disorder: 0,
    lateMs: 0,
  };
  /** Sides of a partition by node; those on different sides do not hear each other. */
  readonly sides: Map<string, number> = new Map();
  /** Nodes that do not reach the server. */
  readonly cutFromServer: Set<string> = new Set();
  readonly nodes: Set<SimLoadNode> = new Set();
  isBrokerUp = true;

  constructor(parts: { readonly time: VirtualTime; readonly random: Random; readonly server: SimLrsServer }) {
    this.time = parts.time;
    this.random = parts.random;
    this.server = parts.server;
  }

  /** A beat, to all. */
  beat(from: SimLoadNode, isLeaving: boolean): void {
    for (const to of this.nodes) {
      if (to !== from) this.carry(from, to, () => to.hearBeat(from.name, isLeaving));
    }
  }

  /** A request; `done` is called once. */
  request(
    from: SimLoadNode,
    { to: name, request, timeoutMs }: { to: string; request: LoadRequest; timeoutMs: number },
    done: (reply: LoadReply | null) => void,
  ): void {
    let isOver = false;
    const end = (reply: LoadReply | null): void => {
      if (isOver) return;
      isOver = true;
      done(reply);
    };
    this.time.after(timeoutMs, () => end(null));
    for (const to of this.nodes) {
      if (to.name !== name) continue;
      this.carry(from, to, () => to.beAsked(request, (reply) => this.carry(to, from, () => end(reply))));
    }
  }

  /** A word to one node. */
  note(from: SimLoadNode, name: string, note: LoadNote): void {
    for (const to of this.nodes) {
      if (to.name === name) this.carry(from, to, () => to.tell({ type: "noted", note }));
    }
  }

  /** Whether this node's stream breaks. */
  isStreamCut(node: SimLoadNode): boolean {
    return this.cutFromServer.has(node.name);
  }

  /** True so often. */
  chance(share: number): boolean {
    return share > 0 && this.random.below(1_000_000) < share * 1_000_000;
  }

  private carry(from: SimLoadNode, to: SimLoadNode, deliver: () => void): void {
    const { loss, duplicates, disorder, lateMs } = this.weather;
    if (!this.isBrokerUp || (this.sides.get(from.name) ?? 0) !== (this.sides.get(to.name) ?? 0)) return;
    if (this.chance(loss)) return;
    const copies = this.chance(duplicates) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const delayMs = 0.2 + this.random.below(100) / 100 + (this.chance(disorder) ? this.random.below(lateMs) : 0);
      this.time.after(delayMs, () => {
        if (!to.isDead) deliver();
      });
    }
  }
}
