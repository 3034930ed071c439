// Plays one capture of test/golden/health: its clusters under the judge, its endpoints answering as it says, and what /stats and
// /clusters would have shown of it over time.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadPlan } from "../../../src/config/compile/load-plan.ts";
import { addressText } from "../../../src/config/plan/address.ts";
import type { ClusterPlan } from "../../../src/config/plan/cluster.ts";
import type { EndpointFacts } from "../../../src/config/plan/endpoint-set.ts";
import type { HealthCheckPlan } from "../../../src/config/plan/health-check.ts";
import { DEGRADED_FLAGS, EXCLUDED_FLAGS, healthText, UNHEALTHY_FLAGS } from "../../../src/telemetry/health-table.ts";
import { type Answer, HealthSimulation, numbered, outcome } from "./health-simulation.ts";

/** One line of a timeline. */
export type GoldenLine =
  | { readonly kind: "set"; readonly atMs: number; readonly subject: string; readonly word: string }
  | { readonly kind: "use"; readonly atMs: number; readonly subject: string }
  | {
      readonly kind: "seen";
      readonly atMs: number;
      readonly subject: string;
      readonly name: string;
      readonly value: string;
    };

/** A value that something had from a time on. */
export interface Change {
  readonly atMs: number;
  readonly value: string;
}

/** A capture that has been played to its end. */
export class GoldenRun {
  readonly sim: HealthSimulation = new HealthSimulation();
  readonly lines: readonly GoldenLine[];
  private readonly subjects = new Map<string, Subject>();

  constructor(config: string, timeline: string) {
    this.lines = linesOf(readGolden(timeline));
    const plans = clustersOf(config);
    let slot = 0;
    this.sim.clock.advanceMs(STARTED_MS);
    const entering = plans.map((plan, row) => {
      const endpoints = endpointsOf(plan).map((one) => numbered(one, slot++));
      this.subjects.set(plan.name, { plan, row, endpoints });
      for (const one of endpoints) this.subjects.set(addressText(one.address), { plan, row, endpoints: [one] });
      return { plan, row, endpoints };
    });
    this.obey(0);
    this.sim.assign(1, ...plans);
    for (const { plan, row, endpoints } of entering) this.sim.enter(plan, row, endpoints);
    for (const atMs of new Set(this.lines.map((line) => line.atMs).filter((ms) => ms > STARTED_MS))) {
      this.sim.clock.advanceMs(atMs - this.sim.clock.nowMs());
      this.obey(atMs);
    }
    this.sim.clock.advanceMs(POLL_LAG_MS);
  }

  /** What the capture saw of one value, in order. */
  seen(subject: string, name: string): Change[] {
    return this.lines.flatMap((line) =>
      line.kind === "seen" && line.subject === subject && line.name === name ? [line] : [],
    );
  }

  /** What the simulation had of it, from the capture's first look on. */
  had(subject: string, name: string, fromMs: number): Change[] {
    const changes = lasting(this.changes(this.subject(subject), name));
    const first = changes.filter(({ atMs }) => atMs <= fromMs).at(-1);
    const later = changes.filter(({ atMs }) => atMs > fromMs);
    return first === undefined ? later : [{ ...first, atMs: fromMs }, ...later];
  }

  private changes({ plan, endpoints }: Subject, name: string): Change[] {
    const slots = endpoints.map(({ slot }) => slot);
    const count = COUNTED_BY_FLAGS.get(name);
    if (name === "flags") return this.flagChanges(slots, (flags) => flags.map(healthText).join(" "));
    if (count !== undefined) return this.flagChanges(slots, (flags) => String(flags.filter(count).length));
    const full = `cluster.${plan.statName}.health_check.${name}`;
    const changes = this.sim.history.filter((one) => one.name === full);
    return distinct([{ atMs: 0, value: 0 }, ...changes].map(({ atMs, value }) => ({ atMs, value: String(value) })));
  }

  private flagChanges(slots: readonly number[], show: (flags: number[]) => string): Change[] {
    const flags = new Map(slots.map((slot) => [`flags ${slot}`, 0]));
    const changes: Change[] = [];
    for (const { atMs, name, value } of this.sim.history) {
      if (!flags.has(name)) continue;
      flags.set(name, value);
      changes.push({ atMs, value: show([...flags.values()]) });
    }
    return distinct(changes);
  }

  private obey(atMs: number): void {
    for (const line of this.lines) {
      if (line.atMs !== atMs) continue;
      if (line.kind === "use") this.sim.traffic.add(this.subject(line.subject).row);
      if (line.kind === "set") this.set(this.subject(line.subject), line.word);
    }
  }

  private set({ plan, endpoints }: Subject, word: string): void {
    const check = plan.healthChecks[0] as HealthCheckPlan;
    for (const { slot } of endpoints) this.sim.script(slot, answerOf(word, check), word === "deadline" ? 499 : 1);
  }

  private subject(name: string): Subject {
    const subject = this.subjects.get(name);
    if (subject === undefined) throw new Error(`the configuration has no ${name}`);
    return subject;
  }
}

/** How long after a change the capture may show it: it looked every tenth of a second, and took its time. */
export const POLL_LAG_MS = 400;

/** How much earlier than we Envoy may be: its timers are a little ahead of ours after some seconds. */
export const DRIFT_MS = 120;

/** The text of a file of test/golden/health. */
export function readGolden(file: string): string {
  return readFileSync(join(import.meta.dirname, "../../golden/health", file), "utf8");
}

/** What the capture may not see when it lasts no longer. */
const GRAIN_MS = 60;

interface Subject {
  readonly plan: ClusterPlan;
  readonly row: number;
  readonly endpoints: readonly EndpointFacts[];
}

/** When the captured Envoy started its first probes. */
const STARTED_MS = 80;

const COUNTED_BY_FLAGS: ReadonlyMap<string, (flags: number) => boolean> = new Map([
  ["membership_healthy", (flags: number) => (flags & (UNHEALTHY_FLAGS | DEGRADED_FLAGS)) === 0],
  ["membership_degraded", (flags: number) => (flags & UNHEALTHY_FLAGS) === 0 && (flags & DEGRADED_FLAGS) !== 0],
  ["membership_excluded", (flags: number) => (flags & EXCLUDED_FLAGS) !== 0],
]);

function clustersOf(file: string): readonly ClusterPlan[] {
  const { plan, errors } = loadPlan({ file, text: readGolden(file) });
  if (plan === null) throw new Error(errors.map(({ message }) => message).join("\n"));
  return plan.clusters;
}

function endpointsOf({ discovery }: ClusterPlan): ClusterPlan["discovery"]["endpoints"] {
  return discovery.endpoints;
}

function linesOf(text: string): GoldenLine[] {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.flatMap((line): GoldenLine[] => {
    const [seconds = "", first = "", ...rest] = line.split(" ");
    const atMs = Math.round(Number(seconds) * 1_000);
    const [second = "", word = ""] = rest;
    if (first === "SET") return [{ kind: "set", atMs, subject: second, word }];
    if (first === "USE") return [{ kind: "use", atMs, subject: second }];
    return rest.map((pair) => {
      const [name = "", value = ""] = pair.split("=");
      return { kind: "seen", atMs, subject: first, name, value };
    });
  });
}

/** What a prober makes of the word for an endpoint's behaviour. */
function answerOf(word: string, { checker }: HealthCheckPlan): Answer {
  const named = WORDS.get(word);
  if (named !== undefined) return named;
  if (checker.kind === "grpc") return outcome("refused");
  if (checker.kind === "tcp") return outcome("success");
  const [kind = "", service = ""] = word.split(":");
  if (kind === "svc") {
    return outcome(service.startsWith("good") ? "success" : "refused", { httpStatus: 200, verifiedCluster: true });
  }
  const httpStatus = Number(word);
  const isIn = (ranges: typeof checker.expectedStatuses): boolean =>
    ranges.some(({ start, end }) => start <= httpStatus && httpStatus < end);
  if (isIn(checker.retriableStatuses)) return outcome("retriable", { httpStatus });
  return outcome(isIn(checker.expectedStatuses) ? "success" : "refused", { httpStatus });
}

const WORDS: ReadonlyMap<string, Answer> = new Map<string, Answer>([
  ["hang", "hang"],
  ["HANG", "hang"],
  ["bad", "hang"], // of a TCP check: the text that is waited for does not come
  ["closed", outcome("network")],
  ["reset", outcome("network")],
  ["imm", outcome("success")],
  ["SERVING", outcome("success")],
  ["degraded", outcome("degraded")],
]);

/** Without what was so for less than the capture's grain: two probes that end together are one step there. */
function lasting(changes: readonly Change[]): Change[] {
  return changes.filter(({ atMs }, index) => (changes[index + 1]?.atMs ?? Number.POSITIVE_INFINITY) - atMs >= GRAIN_MS);
}

function distinct(changes: readonly Change[]): Change[] {
  return changes.filter(({ value }, index) => value !== changes[index - 1]?.value);
}
