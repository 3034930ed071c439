// One meshState with scripted peers and a scripted judge, under a clock of the test.
import { SeededRandom } from "../../../../src/base/random.ts";
import { digestOf, hold, holdGroup, letGo } from "../../../../src/control/mesh/state/holdings.ts";
import { meshState } from "../../../../src/control/mesh/state/mesh-behaviour.ts";
import type { MeshEffect, MeshInput } from "../../../../src/control/mesh/state/mesh-effects.ts";
import {
  ALL_RULES,
  emptyMeshState,
  type MeshOptions,
  type MeshState,
} from "../../../../src/control/mesh/state/mesh-state.ts";
import { newMember } from "../../../../src/control/mesh/state/new-entities.ts";
import type { Beat, Change, MeshMessage } from "../../../../src/control/mesh/wire/messages.ts";
import type { CheckGroupFacts, CheckOrder, CheckReport, EndpointStanding } from "../../../../src/messages/checking.ts";

/** The group that everybody has. */
export const FACTS: CheckGroupFacts = {
  group: "00000000000000aa",
  cluster: "backend",
  row: 3,
  intervalMs: 1_000,
  timeoutMs: 300,
  healthyThreshold: 2,
  unhealthyThreshold: 2,
  noTrafficIntervalMs: 1_000,
};

/** Hash of the endpoint in a slot. */
export function targetOf(slot: number): string {
  return (0xbeef + slot).toString(16).padStart(16, "0");
}

/** The node under test, called `me`. */
export class OneNode {
  readonly state: MeshState;
  nowMs = 1_000;
  /** Its own hello comes back to it at once. */
  hasEcho = true;
  /** Everything it did. */
  readonly effects: MeshEffect[] = [];
  private readonly timers = new Map<string, number>();

  constructor(options: Partial<MeshOptions> = {}) {
    const given: MeshOptions = {
      node: "me",
      instance: "e".repeat(32),
      roles: ["proxy", "health"],
      reportsLoad: false,
      zone: "",
      adminAddress: "",
      owners: 2,
      flapDamping: false,
      rules: ALL_RULES,
      ...options,
    };
    this.state = emptyMeshState(given, new SeededRandom(1));
  }

  /** Gives it something; what it did because of it. */
  tell(input: MeshInput): readonly MeshEffect[] {
    const effects = meshState.step(this.state, input, this.nowMs);
    for (const effect of effects) {
      if (effect.type === "arm-timer") this.timers.set(effect.timer, this.nowMs + effect.delayMs);
      if (effect.type === "disarm-timer") this.timers.delete(effect.timer);
    }
    this.effects.push(...effects);
    for (const effect of effects) {
      if (effect.type === "publish" && effect.message.type === "hello" && this.hasEcho) this.hear(effect.message);
    }
    return effects;
  }

  /** A message of a peer. */
  hear(message: MeshMessage): readonly MeshEffect[] {
    return this.tell({ type: "heard", message });
  }

  /** What its judge says. */
  report(...reports: readonly CheckReport[]): readonly MeshEffect[] {
    return this.tell({ type: "reported", reports });
  }

  /** Lets time pass, with a judge that lives; what it did meanwhile. */
  advance(ms: number, peers: readonly Peer[] = []): readonly MeshEffect[] {
    const from = this.effects.length;
    const endMs = this.nowMs + ms;
    while (this.nowMs < endMs) {
      this.nowMs += 10;
      if (this.nowMs % 500 === 0) this.report({ type: "judge-alive" });
      if (this.nowMs % 1_000 === 0) for (const peer of peers) this.hear(peer.beat());
      for (const [timer, dueMs] of [...this.timers]) {
        if (dueMs > this.nowMs) continue;
        this.timers.delete(timer);
        this.tell({ type: "timer-fired", timer });
      }
    }
    return this.effects.slice(from);
  }

  /** Starts on a bus that works, with endpoints in slots 1 to `slots`, and peers that are heard; joined when this returns. */
  join(slots: number, peers: readonly Peer[] = [], facts: CheckGroupFacts = FACTS): void {
    this.tell({ type: "started" });
    this.tell({ type: "bus-changed", isUp: true });
    this.offer(slots, facts);
    for (const peer of peers) this.hear(peer.beat());
    this.advance(400, peers);
  }

  /** Its judge has a group with endpoints in slots 1 to `slots`. */
  offer(slots: number, facts: CheckGroupFacts = FACTS, standing: EndpointStanding | null = null): void {
    const targets = Array.from({ length: slots }, (_, index) => ({
      slot: index + 1,
      target: targetOf(index + 1),
      address: `192.0.2.${index + 1}:80`,
      standing,
    }));
    this.report(
      { type: "group-added", facts },
      { type: "targets-added", group: facts.group, targets },
      { type: "judge-alive" },
    );
  }

  /** A scheduled probe of it has ended. */
  probed(
    slot: number,
    standing: EndpointStanding,
    more: Partial<CheckReport & { type: "probed" }> = {},
  ): readonly MeshEffect[] {
    const passed = standing !== "unhealthy";
    const rest = {
      cause: "scheduled",
      ask: 0,
      reason: passed ? "" : "it said no",
      nextInMs: 1_000,
      changed: false,
    } as const;
    return this.report({ type: "probed", slot, passed, standing, ...rest, ...more });
  }

  /** How it stands. */
  standing(slot: number): EndpointStanding | null | undefined {
    return this.state.bySlot.get(slot)?.standing;
  }
}

/** A peer as the test has it. */
export class Peer {
  readonly node: string;
  instance: string;
  epoch = 1;
  sequence = 0;
  more: Partial<Beat> = {};
  private held;
  private number = 0;

  constructor(node: string) {
    this.node = node;
    this.instance = node
      .repeat(32)
      .replace(/[^0-9a-f]/g, "0")
      .slice(0, 32);
    this.held = newMember(node, this.instance, 1);
    this.say({ type: "group", group: FACTS.group, hasTraffic: false });
  }

  /** Its next beat, without changes of late. */
  beat(more: Partial<Beat> = {}): Beat {
    const { node, instance, epoch } = this;
    return {
      type: "beat",
      node,
      instance,
      epoch,
      sequence: ++this.sequence,
      phase: "serving",
      roles: ["health"],
      zone: "",
      adminAddress: "",
      judgeAgeMs: 100,
      isResigned: false,
      reportsLoad: false,
      number: this.number,
      digest: digestOf(this.held),
      changes: this.number === 1 ? [{ type: "group", group: FACTS.group, hasTraffic: false }] : [],
      epochs: [],
      ...this.more,
      ...more,
    };
  }

  /** It says so. */
  say(...changes: readonly Change[]): MeshMessage {
    for (const change of changes) {
      this.number++;
      if (change.type === "entry") hold(this.held, new Map(), change, 0);
      if (change.type === "released") letGo(this.held, new Map(), change.group + change.target);
      if (change.type === "group") holdGroup(this.held, change.group, change.hasTraffic);
    }
    const { node, instance, epoch } = this;
    const first = this.number - changes.length + 1;
    return { type: "changes", node, instance, epoch, group: FACTS.group, first, changes };
  }

  /** It probes an endpoint, and sees it so. */
  claims(slot: number, standing: EndpointStanding | null, more: Partial<EntryChange> = {}): MeshMessage {
    return this.say(entry(slot, standing, { transition: standing === null ? 0 : this.number + 1, ...more }));
  }
}

/** Peers, so many, that rank before `me` for the endpoint in slot 1 (or after it), by the real hash. */
export function peersBefore(count: number, isBefore: boolean = true): Peer[] {
  const found: Peer[] = [];
  for (let i = 0; found.length < count; i++) {
    const probe = new OneNode();
    probe.join(1, [new Peer(`p${i}`)]);
    if ((probe.state.bySlot.get(1)?.rank === 1) === isBefore) found.push(new Peer(`p${i}`));
  }
  return found;
}

type EntryChange = Change & { readonly type: "entry" };

/** What a node says of the endpoint in a slot. */
export function entry(slot: number, standing: EndpointStanding | null, more: Partial<EntryChange> = {}): EntryChange {
  const place = { group: FACTS.group, target: targetOf(slot) };
  return { type: "entry", ...place, hold: "claim", standing, transition: 1, cause: "first", ageMs: 0, ...more };
}

/** Orders among effects. */
export function ordersOf(effects: readonly MeshEffect[]): CheckOrder[] {
  return effects.flatMap((effect) => (effect.type === "order-checks" ? effect.orders : []));
}

/** Changes that were published. */
export function saidOf(effects: readonly MeshEffect[]): Change[] {
  return effects.flatMap((effect) =>
    effect.type === "publish" && effect.message.type === "changes" ? effect.message.changes : [],
  );
}

/** Beats that were published. */
export function beatsOf(effects: readonly MeshEffect[]): Beat[] {
  return effects.flatMap((effect) =>
    effect.type === "publish" && effect.message.type === "beat" ? [effect.message] : [],
  );
}
