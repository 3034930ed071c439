// Takes in, or refuses, what somebody wants of a key: the node that was asked looks whether the configuration knows the key, where a ramp begins, and
// whom a guard is about. Called by runtime-behaviour.ts.
import { didYouMean } from "../../../base/did-you-mean.ts";
import { isCommonKey, type RuntimeKeyFacts } from "../../../config/plan/runtime-keys.ts";
import type { GuardPlan, RuntimeRecord } from "../../../messages/mesh-runtime.ts";
import { wrongInChange } from "../wire/runtime-message.ts";
import { newsOf, refusal } from "./news.ts";
import { take, tellRecords } from "./replicate.ts";
import type { RuntimeEffect } from "./runtime-effects.ts";
import type { RuntimeChange, RuntimeWord } from "./runtime-messages.ts";
import { RUNTIME_KEYS_MAX, RUNTIME_VERSION_MAX, runtimeText, STEP_MS_MIN, STEPS_MAX } from "./runtime-record.ts";
import type { RuntimeState } from "./runtime-state.ts";

/** Does what is asked for, and answers. */
export function change(state: RuntimeState, ask: number, wanted: RuntimeChange, nowMs: number): RuntimeEffect[] {
  const made = nowMs < state.settledMs ? NOT_YET : recordOf(state, wanted);
  if (typeof made === "string") {
    const news = refusal(wanted, made);
    return [answer(ask, made, []), { type: "count", counter: "runtime_refused" }, { type: "publish-news", news }];
  }
  return [
    ...take(state, [made], nowMs),
    tellRecords([made]),
    answer(ask, "", [made]),
    { type: "count", counter: "runtime_changes" },
    { type: "publish-news", news: newsOf(made, "changed") },
  ];
}

/** The record, or why there is none. */
function recordOf(state: RuntimeState, wanted: RuntimeChange): RuntimeRecord | string {
  const wrong = wrongInChange(wanted);
  if (wrong !== "") return wrong;
  const { action, key, writer, windowMs, requestsMin } = wanted;
  const held = state.records.get(key)?.record;
  const now = held === undefined ? "" : runtimeText(held);
  if (state.version >= RUNTIME_VERSION_MAX) return "the mesh has counted as many changes as it can";
  const base: RuntimeRecord = {
    key,
    version: state.version + 1,
    change: wanted.change,
    writer,
    node: state.self.node,
    wallMs: state.wallMs(),
    value: "",
    before: now,
    from: 0,
    steps: 0,
    stepMs: 0,
    guards: [],
    windowMs,
    requestsMin,
    phase: "done",
    step: 0,
    turn: 0,
    driver: state.self.node,
    reason: "",
  };
  switch (action) {
    case "set":
      return setRecord(state, wanted, base);
    case "unset":
      return now === "" && held?.phase !== "running" ? `the mesh has no value for ${key}` : base;
    case "stop":
    case "abort":
      if (held?.phase !== "running") return `nothing moves ${key}`;
      return { ...base, value: action === "stop" ? now : held.before };
  }
}

function setRecord(state: RuntimeState, wanted: RuntimeChange, base: RuntimeRecord): RuntimeRecord | string {
  const { key, value, anyKey } = wanted;
  const facts = factsOf(state, key);
  if (facts === null && !anyKey) {
    const hint = didYouMean(
      key,
      state.knowledge.keys.map((one) => one.key),
    );
    return `no configuration here asks for ${key}${hint}`;
  }
  const wrong = wrongValue(facts, value);
  if (wrong !== "") return wrong;
  const count = [...state.records.values()].filter(({ record }) => runtimeText(record) !== "").length;
  if (base.before === "" && count >= RUNTIME_KEYS_MAX)
    return `the mesh has ${count} keys, and takes no more: unset some`;
  const start = startOf(wanted, facts, base.before);
  const isRamp = wanted.rampMs > 0;
  if (isRamp && !(WHOLE.test(value) && WHOLE.test(start))) {
    return start === ""
      ? "a ramp has to begin somewhere, and nobody knows the present value: say --from"
      : "a ramp leads from a whole number to a whole number";
  }
  const guards = guardsOf(state, wanted, facts, { start, value });
  if (typeof guards === "string") return guards;
  if (!isRamp) return { ...base, value, guards, phase: guards.length > 0 ? "running" : "done" };
  const steps = stepsOf(wanted, Math.abs(Number(value) - Number(start)));
  return {
    ...base,
    value,
    guards,
    from: Number(start),
    steps,
    stepMs: Math.round(wanted.rampMs / steps),
    phase: "running",
  };
}

function factsOf({ knowledge }: RuntimeState, key: string): RuntimeKeyFacts | null {
  const found = knowledge.keys.find((one) => one.key === key);
  if (found !== undefined) return found;
  return isCommonKey(key) ? { key, kind: "number", present: "", grows: [], falls: [] } : null;
}

function wrongValue(facts: RuntimeKeyFacts | null, value: string): string {
  switch (facts?.kind) {
    case "number":
      return WHOLE.test(value) ? "" : `${facts.key} takes a whole number, not '${value}'`;
    case "share":
      return WHOLE.test(value) || isFraction(value)
        ? ""
        : `${facts.key} takes percent as a whole number, or {"numerator":…,"denominator":…}, not '${value}'`;
    case "text":
    case undefined:
      return "";
  }
}

function isFraction(text: string): boolean {
  try {
    const value = JSON.parse(text) as { readonly numerator?: unknown; readonly denominator?: unknown } | null;
    const denominator = value?.denominator ?? "HUNDRED";
    return Number.isInteger(value?.numerator) && DENOMINATORS.some((one) => one === denominator);
  } catch {
    return false;
  }
}

function startOf({ from }: RuntimeChange, facts: RuntimeKeyFacts | null, before: string): string {
  if (from !== "") return from;
  return before === "" ? (facts?.present ?? "") : before;
}

/** Each with its cluster. */
function guardsOf(
  { knowledge }: RuntimeState,
  { guards }: RuntimeChange,
  facts: RuntimeKeyFacts | null,
  way: { readonly start: string; readonly value: string },
): readonly GuardPlan[] | string {
  if (guards.every(({ cluster }) => cluster !== "")) return unknownCluster(knowledge.clusters, guards) ?? guards;
  const isGrowing = Number(way.value) >= Number(way.start);
  const clusters = (isGrowing ? facts?.grows : facts?.falls) ?? [];
  const [cluster, another] = clusters;
  if (cluster === undefined)
    return "which cluster a guard is about is not to be seen from the key: say --guard-cluster";
  if (another !== undefined) return `several clusters get more (${clusters.join(", ")}): say --guard-cluster`;
  const named = guards.map((guard) => ({ ...guard, cluster: guard.cluster || cluster }));
  return unknownCluster(knowledge.clusters, named) ?? named;
}

function unknownCluster(clusters: readonly string[], guards: readonly GuardPlan[]): string | null {
  const unknown = guards.find(({ cluster }) => !clusters.includes(cluster));
  return unknown === undefined
    ? null
    : `there is no cluster '${unknown.cluster}'${didYouMean(unknown.cluster, clusters)}`;
}

/** One for each whole number between, unless they would be too quick or too many. */
function stepsOf({ rampMs, steps }: RuntimeChange, distance: number): number {
  const most = Math.max(1, Math.floor(rampMs / STEP_MS_MIN));
  const wanted = steps === 0 ? Math.min(Math.max(1, distance), STEPS_DEFAULT_MAX) : steps;
  return Math.min(wanted, most, STEPS_MAX);
}

function answer(ask: number, reason: string, records: readonly RuntimeRecord[]): RuntimeEffect {
  return { type: "answer", ask, word: { type: "outcome", reason, records } satisfies RuntimeWord };
}

/** The answer of a node that may be asked again soon. */
export const NOT_YET = "this node is not done joining the mesh: ask again";
const WHOLE = /^\d{1,9}$/;
const DENOMINATORS = ["HUNDRED", "TEN_THOUSAND", "MILLION"] as const;
const STEPS_DEFAULT_MAX = 100;
