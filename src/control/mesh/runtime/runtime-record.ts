// What a mesh holds of one runtime key: the change that counts and how far its ramp is. Two nodes that know different things of a key agree by
// `newer`, whatever the order in which they heard: nothing else decides. Pure.
import type { RuntimePhase, RuntimeRecord } from "../../../messages/mesh-runtime.ts";
import { type Hash64, hashText } from "../state/hash64.ts";

/** A later one is never taken back by an earlier one. */
export const RUNTIME_PHASES: readonly RuntimePhase[] = ["running", "done", "rolled-back"];

/** What the layer says of the key now; empty: nothing. */
export function runtimeText({ phase, before, value, from, step, steps }: RuntimeRecord): string {
  if (phase === "rolled-back") return before;
  if (step >= steps) return value;
  return String(Math.round(from + ((Number(value) - from) * step) / steps));
}

/** Whether `one` counts and `other` does not: a total order over different records of one key. */
export function isNewer(one: RuntimeRecord, other: RuntimeRecord): boolean {
  if (one.version !== other.version) return one.version > other.version;
  if (one.change !== other.change) return one.change > other.change;
  const [late, early] = [RUNTIME_PHASES.indexOf(one.phase), RUNTIME_PHASES.indexOf(other.phase)];
  if (late !== early) return late > early;
  if (one.step !== other.step) return one.step > other.step;
  if (one.turn !== other.turn) return one.turn > other.turn;
  if (one.driver !== other.driver) return one.driver > other.driver;
  return one.reason > other.reason;
}

/** Of all that `isNewer` looks at: nodes whose hashes are equal hold the same. */
export function hashOfRecord({ key, version, change, phase, step, turn, driver, reason }: RuntimeRecord): Hash64 {
  return hashText(JSON.stringify([key, version, change, phase, step, turn, driver, reason]));
}

/** Bytes of a key. */
export const RUNTIME_KEY_BYTES_MAX = 256;
/** Bytes of a value. */
export const RUNTIME_VALUE_BYTES_MAX = 1_024;
/** Bytes of a writer's name. */
export const WRITER_BYTES_MAX = 128;
/** Keys with a value. */
export const RUNTIME_KEYS_MAX = 256;
/** Keys that are held, those without a value included: a record that takes a key back has to outlive what it takes back. */
export const RUNTIME_RECORDS_MAX = 1_024;
/** No honest mesh gets there. */
export const RUNTIME_VERSION_MAX: number = 2 ** 40;
/** Conditions of one change. */
export const GUARDS_MAX = 8;
/** Steps of a ramp. */
export const STEPS_MAX = 1_000;
/** The shortest step. */
export const STEP_MS_MIN = 200;
/** The longest ramp: a week. */
export const RAMP_MS_MAX = 604_800_000;
/** The longest window. */
export const WINDOW_MS_MAX = 600_000;
/** The shortest: less is noise. */
export const WINDOW_MS_MIN = 1_000;
/** Bytes of a reason. */
export const RUNTIME_REASON_BYTES_MAX = 512;
