// A node that alone sees endpoints fail distrusts its own network: it ranks last, takes those observations back and probes those endpoints
// for itself only, until it has agreed with the mesh for a while.
import { isObserved, isProbed } from "./cover.ts";
import type { Target, Trial } from "./entities.ts";
import { refreshGroup } from "./groups.ts";
import { stopProbing } from "./ladder.ts";
import type { MeshState } from "./mesh-state.ts";
import { sayReleased } from "./own-log.ts";
import type { Turn } from "./turn.ts";

/** This node's own schedule found a target unhealthy: the mesh may see it otherwise. */
export function beginTrial(turn: Turn, target: Target, transition: number): void {
  const { state, nowMs } = turn;
  const trial: Trial = { target, transition, atMs: nowMs, isDenied: false, failures: 0, isContradicted: false };
  target.trial = trial;
  if (state.trials.length >= TRIALS_MAX) state.trials = recent(turn);
  state.trials.push(trial);
}

/** A confirmer looked and succeeded. */
export function denyTrial(target: Target, transition: number): void {
  if (target.trial?.transition === transition) target.trial.isDenied = true;
}

/** A scheduled probe after the transition has ended. */
export function tryAgain(turn: Turn, target: Target, passed: boolean): void {
  const { state } = turn;
  const { trial } = target;
  if (trial === null) return;
  if (passed) {
    target.trial = null;
    return;
  }
  trial.failures++;
  if (trial.failures < FAILURES || !trial.isDenied || !othersSeeItWell(state, target)) return;
  trial.isContradicted = true;
  target.trial = null;
  state.trials = recent(turn);
  if (state.self.isResigned) {
    goPrivate(turn, target);
    return;
  }
  const contradicted = new Set(state.trials.filter((one) => one.isContradicted).map((one) => one.target));
  const share = state.trials.filter((one) => one.isContradicted).length / state.trials.length;
  if (contradicted.size >= TARGETS_MIN && share >= 0.5) resign(turn, contradicted);
}

/** A private probe has ended. */
export function comparePrivately(turn: Turn, target: Target, isWell: boolean): void {
  const { state, nowMs } = turn;
  const agrees = isWell === (target.meshStanding !== "unhealthy");
  if (!agrees) state.agreeingMs = nowMs;
  turn.at(state.alarms.resigned, state.agreeingMs + state.probationMs);
}

/** Returns when it has agreed for long enough. When to look again. */
export function decideReturn(turn: Turn): void {
  const { state, nowMs } = turn;
  if (!state.self.isResigned) return;
  const endMs = state.agreeingMs + state.probationMs;
  if (nowMs < endMs) {
    turn.at(state.alarms.resigned, endMs);
    return;
  }
  trustAgain(turn);
}

/**
 * Nobody is left who could be right instead, or nobody who has this endpoint: what only a node in doubt of itself probes would be covered by
 * nobody, and its verdict would stand for ever. When to look again.
 */
export function decideLeftAlone(turn: Turn, target: Target): number {
  const { members } = turn.state;
  const { candidates } = target.group;
  const hasBetter = candidates.some(({ node, isResigned }) => !isResigned && members.get(node)?.isSpeaking === true);
  if (!hasBetter) {
    trustAgain(turn);
    return NEVER;
  }
  const isCovered = target.entries.some((entry) => entry !== target.own && isProbed(target, entry, turn.nowMs));
  target.scarceMs = isCovered ? NEVER : Math.min(target.scarceMs, turn.nowMs);
  const endMs = target.scarceMs + UNCOVERED_MS;
  if (turn.nowMs < endMs) return endMs;
  turn.state.privates.delete(target);
  endPrivate(turn, target);
  return NEVER;
}

function trustAgain(turn: Turn): void {
  const { state, nowMs } = turn;
  state.self.isResigned = false;
  state.returnedMs = nowMs;
  for (const target of state.privates) endPrivate(turn, target);
  state.privates.clear();
  changeOwnRank(turn);
}

function endPrivate(turn: Turn, target: Target): void {
  target.isPrivate = false;
  target.scarceMs = NEVER;
  stopProbing(turn, target);
  turn.consider(target);
}

function resign(turn: Turn, targets: ReadonlySet<Target>): void {
  const { state, nowMs } = turn;
  const longestMs = Math.max(...[...targets].map(({ group }) => group.intervalMs));
  const wasLongAgo = nowMs - state.returnedMs > 64 * longestMs;
  state.probationMs = wasLongAgo ? 4 * longestMs : Math.min(64 * longestMs, 2 * state.probationMs);
  state.agreeingMs = nowMs;
  state.self.isResigned = true;
  state.trials = [];
  for (const target of targets) goPrivate(turn, target);
  turn.count("resignations");
  turn.at(state.alarms.resigned, nowMs + state.probationMs);
  changeOwnRank(turn);
}

/** It is probed on, but not for others. */
function goPrivate(turn: Turn, target: Target): void {
  target.isPrivate = true;
  target.scarceMs = NEVER;
  target.question = null;
  target.doubter = null;
  turn.state.privates.add(target);
  sayReleased(turn, target);
  turn.consider(target);
}

function changeOwnRank(turn: Turn): void {
  for (const group of turn.state.groups.keys()) refreshGroup(turn, group);
  turn.wantsBeat = true;
}

/** Those of the last four intervals, and of a crowd the newest. */
function recent({ state, nowMs }: Turn): Trial[] {
  const fresh = state.trials.filter(({ atMs, target: { group } }) => nowMs - atMs <= 4 * group.intervalMs);
  return fresh.length < TRIALS_MAX ? fresh : fresh.slice(-TRIALS_MAX / 2);
}

function othersSeeItWell(state: MeshState, target: Target): boolean {
  const others = target.entries.filter((entry) => entry !== target.own && isObserved(state, entry));
  return others.length > 0 && others.every(({ standing }) => standing !== "unhealthy");
}

const NEVER = Number.POSITIVE_INFINITY;

/** Whoever else has an endpoint begins to probe it within this. */
const UNCOVERED_MS = 2_000;

/** Own probes after the transition that must fail. */
const FAILURES = 2;

/** Targets that must be contradicted. */
const TARGETS_MIN = 3;

/** Own transitions that are remembered. */
const TRIALS_MAX = 50_000;
