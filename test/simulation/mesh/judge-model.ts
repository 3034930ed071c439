// A judge of active checks as the mesh sees it: probes what it is ordered to, by Envoy's thresholds, over a simulated network.
import type { CheckGroupFacts, CheckOrder, CheckReport, EndpointStanding } from "../../../src/messages/checking.ts";
import type { SeenProbe, SimEndpoint } from "./endpoints.ts";
import type { Happening } from "./virtual-time.ts";

/** What the world wants of a judge, the real one or the model of it. */
export interface Judge {
  /** It hangs. */
  isHung: boolean;
  /** It ever hung. */
  wasHung: boolean;
  /** How each endpoint stands by its flags, by target. */
  standings(): Map<string, EndpointStanding | null>;
  /** Targets that it probes by schedule. */
  ordered(): string[];
  /** Says that it lives, now and twice a second. */
  live(): void;
  /** Does nothing any more, and says nothing. */
  hang(): void;
  /** Goes on where it hung. */
  goOn(): void;
  /** An endpoint is gone from this node's set. */
  remove(slot: number): void;
  /** An endpoint is new in this node's set. */
  add(slot: number, endpoint: SimEndpoint): void;
  /** Whether a slot is in use. */
  has(slot: number): boolean;
  /** Takes the mesh's orders. */
  take(orders: readonly CheckOrder[]): void;
}

/** What a judge needs of its node. */
export interface JudgeWorld {
  readonly timeoutMs: number;
  /** The node's own clock. */
  clockMs(): number;
  /** The group is really called so. */
  name(facts: CheckGroupFacts): void;
  /** On the node's own clock, and not while the node stands still. */
  after(delayMs: number, run: () => void): Happening;
  /** Milliseconds until the endpoint's answer; Infinity: none comes. Whether it is a success. */
  probe(endpoint: SimEndpoint, kind: SeenProbe["kind"]): { readonly afterMs: number; readonly passes: boolean };
  report(reports: readonly CheckReport[]): void;
}

interface Checked {
  readonly endpoint: SimEndpoint;
  readonly slot: number;
  isOrdered: boolean;
  /** Scheduled probe to come, or under way. */
  next: Happening | null;
  run: number;
  isHeard: boolean;
  isBad: boolean;
  passes: number;
  failures: number;
  flag: EndpointStanding | null;
}

/** One judge. */
export class JudgeModel implements Judge {
  readonly facts: CheckGroupFacts;
  isHung = false;
  wasHung = false;
  private readonly world: JudgeWorld;
  private readonly checked = new Map<number, Checked>();
  private readonly gone = new Map<number, Checked>();

  constructor(world: JudgeWorld, facts: CheckGroupFacts, endpoints: ReadonlyMap<number, SimEndpoint>) {
    this.world = world;
    this.facts = facts;
    for (const [slot, endpoint] of endpoints) this.checked.set(slot, newChecked(slot, endpoint));
  }

  standings(): Map<string, EndpointStanding | null> {
    return new Map([...this.checked.values()].map(({ endpoint, flag }) => [endpoint.target, flag]));
  }

  ordered(): string[] {
    return [...this.checked.values()].filter(({ isOrdered }) => isOrdered).map(({ endpoint }) => endpoint.target);
  }

  live(): void {
    if (!this.isHung) this.world.report([{ type: "judge-alive" }]);
    this.world.after(500, () => this.live());
  }

  hang(): void {
    this.isHung = true;
    this.wasHung = true;
  }

  goOn(): void {
    if (!this.isHung) return;
    this.isHung = false;
    for (const held of this.checked.values()) if (held.isOrdered) this.schedule(held, 0);
  }

  remove(slot: number): void {
    const held = this.checked.get(slot);
    if (held === undefined) return;
    this.end(held);
    this.checked.delete(slot);
    this.gone.set(slot, held);
    this.world.report([{ type: "targets-removed", group: this.facts.group, slots: [slot] }]);
  }

  add(slot: number, endpoint: SimEndpoint): void {
    this.checked.set(slot, newChecked(slot, endpoint));
    this.gone.delete(slot);
    this.world.report([{ type: "targets-added", group: this.facts.group, targets: [factsOf(slot, endpoint)] }]);
  }

  has(slot: number): boolean {
    return this.checked.has(slot);
  }

  take(orders: readonly CheckOrder[]): void {
    for (const order of orders) this.obey(order);
  }

  private obey(order: CheckOrder): void {
    if ("slot" in order && this.find(order.slot) === this.gone.get(order.slot)) return;
    switch (order.type) {
      case "follow-mesh": {
        const targets = [...this.checked.values()].map(({ slot, endpoint }) => factsOf(slot, endpoint));
        this.world.report([
          { type: "group-added", facts: this.facts },
          { type: "targets-added", group: this.facts.group, targets },
          { type: "judge-alive" },
        ]);
        return;
      }
      case "leave-mesh":
      case "set-traffic":
      case "end-immediate-failure":
      case "end-ejection":
        return;
      case "begin-checks": {
        const held = this.find(order.slot);
        if (!held.isOrdered) {
          held.isOrdered = true;
          held.passes = 0;
          held.failures = 0;
          held.isHeard = order.standing !== null;
          held.isBad = order.standing === "unhealthy" || order.standing === null;
        }
        this.schedule(held, order.dueInMs);
        return;
      }
      case "end-checks":
        this.end(this.find(order.slot));
        return;
      case "check-once":
        this.once(this.find(order.slot), order.ask, order.cause);
        return;
      case "set-standing": {
        const held = this.find(order.slot);
        held.flag = order.standing;
        return;
      }
    }
  }

  /** One that is just gone was meant when the order was given; one that was never in the set somebody invented. */
  private find(slot: number): Checked {
    const held = this.checked.get(slot) ?? this.gone.get(slot);
    if (held === undefined) throw new Error(`address invented: slot ${slot}`);
    return held;
  }

  private end(held: Checked): void {
    held.isOrdered = false;
    held.run++;
    if (held.next !== null) held.next.run = null;
    held.next = null;
  }

  private schedule(held: Checked, delayMs: number): void {
    if (held.next !== null) held.next.run = null;
    const run = ++held.run;
    held.next = this.world.after(delayMs, () => {
      if (this.isHung) return;
      this.probe(held, "scheduled", (passed) => {
        if (held.run === run && held.isOrdered && !this.isHung) this.judge(held, passed);
      });
    });
  }

  private judge(held: Checked, passed: boolean): void {
    const cause = held.isHeard ? "scheduled" : "first";
    const before = held.isBad;
    this.feed(held, passed);
    const nextInMs = this.facts.intervalMs;
    this.tell(held, passed, { cause, ask: 0, nextInMs, changed: before !== held.isBad });
    this.schedule(held, nextInMs);
  }

  private feed(held: Checked, passed: boolean): void {
    const isFirst = !held.isHeard;
    held.isHeard = true;
    if (passed) {
      held.failures = 0;
      if (held.isBad && (isFirst || ++held.passes >= this.facts.healthyThreshold)) held.isBad = false;
    } else {
      held.passes = 0;
      if (isFirst || ++held.failures >= this.facts.unhealthyThreshold) held.isBad = true;
    }
    if (!held.isBad) held.passes = 0;
    else held.failures = 0;
  }

  private once(held: Checked, ask: number, cause: "confirm" | "doubt"): void {
    if (this.isHung) return;
    const done = (passed: boolean): void => {
      if (this.checked.get(held.slot) !== held || this.isHung) return;
      const before = held.isBad;
      if (cause === "doubt") this.feed(held, passed);
      else {
        const isRecovering = held.isBad && held.passes > 0;
        held.isHeard = true;
        held.isBad = !passed;
        if (passed || !isRecovering) held.passes = 0;
        held.failures = 0;
      }
      this.tell(held, passed, { cause, ask, nextInMs: 0, changed: before !== held.isBad });
    };
    if (cause === "doubt") {
      this.probe(held, "extra", done);
      return;
    }
    let left = 2;
    const either = (passed: boolean): void => {
      left--;
      if (passed && left >= 0) {
        left = -1;
        done(true);
      } else if (left === 0) done(false);
    };
    this.probe(held, "extra", (passed, timedOut) => {
      if (timedOut) either(passed);
      else if (left > 0) {
        left = 0;
        second.run = null;
        done(passed);
      }
    });
    const second = this.world.after(100, () => {
      if (left > 0) this.probe(held, "extra", either);
    });
  }

  private probe(held: Checked, kind: SeenProbe["kind"], done: (passed: boolean, timedOut: boolean) => void): void {
    const { afterMs, passes } = this.world.probe(held.endpoint, kind);
    const timedOut = afterMs > this.facts.timeoutMs;
    this.world.after(timedOut ? this.facts.timeoutMs : afterMs, () => done(!timedOut && passes, timedOut));
  }

  private tell(
    held: Checked,
    passed: boolean,
    { cause, ask, nextInMs, changed }: { cause: ProbedCause; ask: number; nextInMs: number; changed: boolean },
  ): void {
    const standing = held.isBad ? "unhealthy" : "healthy";
    const reason = passed ? "" : "simulated";
    this.world.report([{ type: "probed", slot: held.slot, passed, standing, changed, cause, ask, reason, nextInMs }]);
  }
}

type ProbedCause = "first" | "scheduled" | "confirm" | "doubt";

function newChecked(slot: number, endpoint: SimEndpoint): Checked {
  const counts = { passes: 0, failures: 0, run: 0 };
  return { endpoint, slot, isOrdered: false, next: null, isHeard: false, isBad: true, ...counts, flag: null };
}

function factsOf(
  slot: number,
  { target, name }: SimEndpoint,
): {
  slot: number;
  target: string;
  address: string;
  standing: null;
} {
  return { slot, target, address: name, standing: null };
}
