// Ramps and their guards. One node drives each: the first of the living ones by rendezvous, so that when it goes another goes on from the step that
// all know. Who drives decides alone, and only while it hears the mesh: a step waits for figures, and a guard that breaks puts the key back.
import { hashText } from "../state/hash64.ts";
import { isBefore } from "../state/rank.ts";
import { figuresFrom, silentNodes } from "./figures.ts";
import { type GuardFinding, judge, readGuard } from "./guard.ts";
import { newsOf } from "./news.ts";
import { take, tellRecords } from "./replicate.ts";
import type { RuntimeEffect } from "./runtime-effects.ts";
import { type HeldRecord, livingPeers, type RuntimeState } from "./runtime-state.ts";

/** What this node has to do about running changes now. */
export function drive(state: RuntimeState, nowMs: number): RuntimeEffect[] {
  if (!state.isConnected || nowMs < state.settledMs) return [];
  const running = [...state.records.values()].filter(({ record }) => record.phase === "running");
  return running.flatMap((held) =>
    driverOf(state, held.record.change, nowMs) === state.self.node ? step(state, held, nowMs) : [],
  );
}

/** Who drives a change, as this node sees it. */
export function driverOf(state: RuntimeState, change: string, nowMs: number): string {
  const key = hashText(change);
  const candidates = [state.self, ...livingPeers(state, nowMs)].map(({ node }) => ({
    node,
    seed: hashText(node),
    isResigned: false,
  }));
  return candidates.reduce((best, one) => (isBefore(one, best, key) ? one : best)).node;
}

function step(state: RuntimeState, held: HeldRecord, nowMs: number): RuntimeEffect[] {
  const { record, sinceMs } = held;
  const finding = findingOf(state, held, nowMs);
  if (finding.verdict === "broken") return say(state, held, { phase: "rolled-back", reason: finding.text }, nowMs);
  const isAtEnd = record.step === record.steps;
  const overdueMs = nowMs - sinceMs - (isAtEnd ? record.windowMs : record.stepMs);
  if (overdueMs < 0) return [];
  if (finding.verdict === "unknown") {
    const isTold = overdueMs < PATIENCE_MS || finding.text === record.reason;
    return isTold ? [] : say(state, held, { reason: finding.text }, nowMs);
  }
  if (isAtEnd) return say(state, held, { phase: "done", reason: "" }, nowMs);
  const next = record.step + 1;
  const phase = next === record.steps && record.guards.length === 0 ? "done" : "running";
  return say(state, held, { step: next, phase, reason: "" }, nowMs);
}

/** All conditions as one: the worst of them. */
function findingOf(state: RuntimeState, { record, sinceMs }: HeldRecord, nowMs: number): GuardFinding {
  const findings = record.guards.map(({ cluster, rule }): GuardFinding => {
    const guard = readGuard(rule);
    if (guard === null) return { verdict: "unknown", text: `'${rule}' cannot be read` };
    const named = (finding: GuardFinding): GuardFinding => ({
      ...finding,
      text: `${cluster}: ${finding.text} (${rule})`,
    });
    const silent = silentNodes(state, cluster, nowMs);
    const lately = figuresFrom(state, cluster, nowMs - record.windowMs);
    const enough =
      lately.requests >= record.requestsMin ? lately : figuresFrom(state, cluster, Number.NEGATIVE_INFINITY);
    const finding = named(judge(guard, enough, record.requestsMin));
    if (finding.verdict === "broken") return finding;
    if (silent.length > 0) {
      return { verdict: "unknown", text: `${cluster}: no figures from ${silent.slice(0, SHOWN_MAX).join(", ")}` };
    }
    // Before its first step nobody can have been sent there.
    if (finding.verdict === "unknown") return record.step < Math.min(1, record.steps) ? HOLDS : finding;
    const hadNone = nowMs - sinceMs >= record.windowMs && lately.requests === 0;
    return hadNone ? named({ verdict: "unknown", text: "no answers lately" }) : finding;
  });
  const worst = (verdict: GuardFinding["verdict"]) => findings.find((one) => one.verdict === verdict);
  return worst("broken") ?? worst("unknown") ?? HOLDS;
}

/** This node says how the change goes on. */
function say(
  state: RuntimeState,
  { record }: HeldRecord,
  change: { readonly phase?: "running" | "done" | "rolled-back"; readonly step?: number; readonly reason: string },
  nowMs: number,
): RuntimeEffect[] {
  const next = { ...record, ...change, turn: record.turn + 1, driver: state.self.node };
  const what =
    next.phase === "rolled-back"
      ? "rolled_back"
      : next.step > record.step
        ? "step"
        : next.phase === "done"
          ? "done"
          : "held";
  const effects: RuntimeEffect[] = [...take(state, [next], nowMs), tellRecords([next])];
  if (what === "step") effects.push({ type: "count", counter: "runtime_steps" });
  if (what === "rolled_back") effects.push({ type: "count", counter: "runtime_rollbacks" });
  // A hold that ends without a step needs no word.
  if (what !== "held" || next.reason !== "") effects.push({ type: "publish-news", news: newsOf(next, what) });
  if (what === "step" && next.phase === "done") effects.push({ type: "publish-news", news: newsOf(next, "done") });
  return effects;
}

const HOLDS: GuardFinding = { verdict: "holds", text: "" };
const SHOWN_MAX = 4;
/** So long nobody is told that a step waits. */
const PATIENCE_MS = 1_000;
