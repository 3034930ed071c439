// A simulated mesh whose nodes share a runtime layer: the real behaviour and its bytes, each node with a clock of its own, one broker in bad weather.
import { SeededRandom } from "../../../src/base/random.ts";
import type { RuntimeInput } from "../../../src/control/mesh/runtime/runtime-effects.ts";
import type { RuntimeChange, RuntimeMessage } from "../../../src/control/mesh/runtime/runtime-messages.ts";
import { isNewer } from "../../../src/control/mesh/runtime/runtime-record.ts";
import { decodeRuntime, encodeRuntime } from "../../../src/control/mesh/wire/runtime-message.ts";
import type { RuntimeRecord } from "../../../src/messages/mesh-runtime.ts";
import { VirtualTime } from "../mesh/virtual-time.ts";
import { SimRuntimeNode } from "./sim-runtime-node.ts";

/** What goes wrong with messages, each from 0 to 1. */
export interface Weather {
  loss: number;
  duplicates: number;
  disorder: number;
}

/** The world. */
export class RuntimeWorld {
  readonly time: VirtualTime = new VirtualTime();
  readonly random: SeededRandom;
  readonly weather: Weather = { loss: 0, duplicates: 0, disorder: 0 };
  readonly nodes: SimRuntimeNode[] = [];
  /** The newest record of each key that a node had when it was asked. */
  readonly accepted: RuntimeRecord[] = [];
  /** What must never be. */
  readonly breaches: string[] = [];
  /** How often what happened. */
  readonly happened: Map<string, number> = new Map();
  /** Of 1,000 answers of a cluster so many fail; by cluster. */
  readonly failing: Map<string, number> = new Map();
  isBrokerUp = true;
  private readonly sides = new Map<string, number>();
  private born = 0;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  chance(share: number): boolean {
    return share > 0 && this.random.below(1_000_000) < share * 1_000_000;
  }

  note(what: string): void {
    this.happened.set(what, (this.happened.get(what) ?? 0) + 1);
  }

  get living(): SimRuntimeNode[] {
    return this.nodes.filter(({ isDead }) => !isDead);
  }

  /** A node comes, maybe under the name of one that died. */
  join(name: string): SimRuntimeNode {
    const rates = [1, 1, 1, 0.6, 1.5] as const;
    const rate = rates[this.random.below(rates.length)] ?? 1;
    const instance = (++this.born).toString(16).padStart(32, "0");
    const node = new SimRuntimeNode(this, { node: name, instance }, rate);
    this.nodes.push(node);
    if (this.isBrokerUp) node.tell({ type: "bus-connected" });
    return node;
  }

  /** Somebody asks some node that answers. */
  change(change: RuntimeChange): void {
    const able = this.living.filter(({ isStopped }) => !isStopped);
    const node = able[this.random.below(Math.max(1, able.length))];
    if (node === undefined || !this.isBrokerUp) return;
    const outcome = node.ask({ ...change, type: "change", node: change.writer, instance: "f".repeat(32) });
    if (outcome?.type !== "outcome") return;
    this.note(outcome.reason === "" ? "accepted" : "refused");
    this.accepted.push(...outcome.records);
  }

  setSides(sides: ReadonlyMap<string, number>): void {
    this.sides.clear();
    for (const [name, side] of sides) this.sides.set(name, side);
  }

  setBroker(isUp: boolean): void {
    this.isBrokerUp = isUp;
    for (const node of this.living) {
      this.time.after(this.random.below(isUp ? 1_000 : 100), () => {
        if (this.isBrokerUp === isUp) node.tell({ type: isUp ? "bus-connected" : "bus-lost" });
      });
    }
  }

  /** To all others, as bytes. */
  publish(from: SimRuntimeNode, message: RuntimeMessage): void {
    const bytes = encodeRuntime(message);
    for (const to of this.living) if (to !== from) this.carry(from, to, () => to.tell(heard(bytes)));
  }

  /** Asks one node for its page. */
  pull(from: SimRuntimeNode, name: string, message: RuntimeMessage, done: (page: RuntimeMessage | null) => void): void {
    let isOver = false;
    const end = (page: RuntimeMessage | null): void => {
      if (!isOver) done(page);
      isOver = true;
    };
    this.time.after(2_000, () => end(null));
    const to = this.living.find(({ self }) => self.node === name);
    if (to === undefined) return;
    this.carry(from, to, () => {
      if (to.isStopped) return;
      const answer = to.ask(message);
      if (answer !== null) this.carry(to, from, () => end(decodeRuntime(encodeRuntime(answer))));
    });
  }

  /** Nothing that a node holds goes back. */
  watch(node: SimRuntimeNode, before: RuntimeRecord | undefined, after: RuntimeRecord): void {
    if (before !== undefined && !isNewer(after, before) && JSON.stringify(before) !== JSON.stringify(after)) {
      this.breaches.push(`${node.self.node} went back on ${after.key}: ${said(before)} to ${said(after)}`);
    }
  }

  private carry(from: SimRuntimeNode, to: SimRuntimeNode, deliver: () => void): void {
    const sideOf = ({ self }: SimRuntimeNode): number => this.sides.get(self.node) ?? 0;
    if (!this.isBrokerUp || sideOf(from) !== sideOf(to)) return;
    const { loss, duplicates, disorder } = this.weather;
    if (this.chance(loss)) return;
    for (let copy = this.chance(duplicates) ? 2 : 1; copy > 0; copy--) {
      const delayMs = 0.2 + this.random.below(100) / 100 + (this.chance(disorder) ? this.random.below(400) : 0);
      this.time.after(delayMs, () => {
        if (!to.isDead) deliver();
      });
    }
  }
}

function heard(bytes: Uint8Array): Extract<RuntimeInput, { type: "runtime-heard" | "runtime-garbled" }> {
  const message = decodeRuntime(bytes);
  return message === null ? { type: "runtime-garbled" } : { type: "runtime-heard", message };
}

function said({ version, phase, step, turn }: RuntimeRecord): string {
  return `version ${version} ${phase} step ${step} turn ${turn}`;
}
