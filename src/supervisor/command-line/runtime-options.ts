// Turns the arguments of `starling runtime` into what is asked of the mesh. What they say of the mesh is read as for a node.
import { randomBytes } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { didYouMean } from "../../base/did-you-mean.ts";
import { GUARD_FORM, readGuard } from "../../control/mesh/runtime/guard.ts";
import type { RuntimeChange } from "../../control/mesh/runtime/runtime-messages.ts";
import {
  GUARDS_MAX,
  RAMP_MS_MAX,
  STEP_MS_MIN,
  STEPS_MAX,
  WINDOW_MS_MAX,
  WINDOW_MS_MIN,
} from "../../control/mesh/runtime/runtime-record.ts";
import { wrongInChange } from "../../control/mesh/wire/runtime-message.ts";
import { BROKER_FLAGS, COMMON_FLAGS, type FlagSpec } from "./flags.ts";
import type { ParsedFlags } from "./parse-flags.ts";

/** The flags of `starling runtime`. */
export const RUNTIME_FLAGS: readonly FlagSpec[] = [
  { name: "over", short: "", kind: "text", help: "set: go there in steps over this time: 90s, 10m, 2h" },
  {
    name: "steps",
    short: "",
    kind: "count",
    help: "set --over: so many steps; by default one for each whole number, 100 at most",
  },
  { name: "from", short: "", kind: "text", help: "set --over: begin here instead of at the present value" },
  {
    name: "guard",
    short: "",
    kind: "list",
    help: `set: put the key back when this does not hold over the whole mesh: ${GUARD_FORM}; may be repeated`,
  },
  {
    name: "guard-cluster",
    short: "",
    kind: "text",
    help: "whom guards are about; by default the cluster that the key gives more to",
  },
  {
    name: "guard-window",
    short: "",
    kind: "text",
    help: "how far back guards look, and how long they go on after the last step (default 10s)",
  },
  {
    name: "guard-min",
    short: "",
    kind: "count",
    help: "fewer answers say nothing: no step is taken then (default 20)",
  },
  { name: "abort", short: "", kind: "switch", help: "stop: put the key back to what it was before the ramp" },
  { name: "detach", short: "", kind: "switch", help: "set: do not wait for the end of the ramp" },
  { name: "any-key", short: "", kind: "switch", help: "set: also a key that no configuration asks for" },
  { name: "writer", short: "", kind: "text", help: "your name, as others see it (default user@host)" },
  { name: "json", short: "", kind: "switch", help: "get, list, watch: one JSON object a line" },
  ...BROKER_FLAGS,
  ...COMMON_FLAGS,
];

/** The text above the flags. */
export const RUNTIME_HELP: readonly string[] = [
  "starling runtime set KEY VALUE [--over 10m] [--guard 'cluster_error_rate<1%']: changes a runtime key on every node of a mesh",
  "whose file has a runtime_layer, at once or in steps; a guard that breaks puts it back.",
  "starling runtime unset KEY | stop KEY [--abort] | get [KEY] | list | watch",
  "By default the mesh of this machine's embedded broker. Exit code 0: done; 1: refused or not possible; 2: a guard put it back;",
  "3: somebody else changed the key meanwhile. Ctrl-C leaves a ramp to the mesh, which goes on with it.",
];

/** What is asked. */
export type RuntimeCommand =
  | { readonly kind: "change"; readonly change: RuntimeChange }
  | { readonly kind: "get"; readonly key: string }
  | { readonly kind: "list" | "watch" };

/** The command; or every mistake as one line. */
export function runtimeCommand(flags: ParsedFlags): RuntimeCommand | readonly string[] {
  const [word = "", key = "", value = "", ...more] = flags.rest;
  const errors = [...flags.errors];
  const takes = ARGUMENTS[word];
  if (takes === undefined) return [...errors, word === "" ? `say one of ${WORDS.join(", ")}` : unknownWord(word)];
  const given = flags.rest.length - 1;
  if (given < takes.least) errors.push(`runtime ${word} needs ${takes.form}`);
  if (given > takes.most)
    errors.push(`runtime ${word} takes ${takes.form}: '${[key, value, ...more][takes.most]}' is too much`);
  errors.push(...strayFlags(flags, word));
  if (errors.length > 0) return errors;
  if (word === "list" || word === "watch") return { kind: word };
  if (word === "get") return { kind: "get", key };
  const change = changeOf(flags, word as "set" | "unset" | "stop", { key, value });
  if (!("action" in change)) return change;
  const wrong = wrongInChange(change);
  return wrong === "" ? { kind: "change", change } : [wrong];
}

function changeOf(
  { values, lists }: ParsedFlags,
  word: "set" | "unset" | "stop",
  { key, value }: { readonly key: string; readonly value: string },
): RuntimeChange | readonly string[] {
  const errors: string[] = [];
  const time = (name: string, otherwise: number, [min, max]: readonly [number, number]): number => {
    const ms = values.has(name) ? durationMs(values.get(name) ?? "") : otherwise;
    if (ms !== null && (ms === otherwise || (ms >= min && ms <= max))) return ms;
    errors.push(`--${name} is a time such as 30s, 10m or 2h, from ${min / 1_000} s to ${max / 3_600_000} h`);
    return otherwise;
  };
  const rampMs = time("over", 0, [STEP_MS_MIN, RAMP_MS_MAX]);
  const windowMs = time("guard-window", WINDOW_DEFAULT_MS, [WINDOW_MS_MIN, WINDOW_MS_MAX]);
  const rules = (lists.get("guard") ?? []).map((rule) => rule.replaceAll(/\s/g, ""));
  for (const rule of rules) if (readGuard(rule) === null) errors.push(`--guard '${rule}' is not ${GUARD_FORM}`);
  if (rules.length > GUARDS_MAX) errors.push(`--guard may be given ${GUARDS_MAX} times`);
  const steps = Number(values.get("steps") ?? 0);
  if (values.has("steps") && (steps < 1 || steps > STEPS_MAX)) errors.push(`--steps is 1 to ${STEPS_MAX}`);
  const requestsMin = Number(values.get("guard-min") ?? REQUESTS_MIN_DEFAULT);
  if (requestsMin < 1) errors.push("--guard-min is at least 1");
  if (errors.length > 0) return errors;
  const cluster = values.get("guard-cluster") ?? "";
  return {
    change: randomBytes(16).toString("hex"),
    action: word === "stop" && values.has("abort") ? "abort" : word,
    key,
    value,
    writer: values.get("writer") ?? ownName(),
    rampMs,
    steps,
    from: values.get("from") ?? "",
    guards: rules.map((rule) => ({ cluster, rule })),
    windowMs,
    requestsMin,
    anyKey: values.has("any-key"),
  };
}

/** Flags that mean nothing here would be forgotten in silence. */
function strayFlags({ values, lists }: ParsedFlags, word: string): string[] {
  const errors: string[] = [];
  for (const [name, words] of Object.entries(ONLY_WITH)) {
    if ((values.has(name) || lists.has(name)) && !words.includes(word))
      errors.push(`--${name} is for ${words.join(", ")}`);
  }
  for (const name of ["steps", "from"]) {
    if (values.has(name) && !values.has("over")) errors.push(`--${name} is for a ramp: say --over`);
  }
  for (const name of ["guard-cluster", "guard-window", "guard-min"]) {
    if (values.has(name) && !lists.has("guard")) errors.push(`--${name} is for guards: say --guard`);
  }
  return errors;
}

function unknownWord(word: string): string {
  return `runtime does not know '${word}'${didYouMean(word, WORDS) || `; there are ${WORDS.join(", ")}`}`;
}

function durationMs(text: string): number | null {
  const [, digits = "", unit = ""] = /^(\d{1,7}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text) ?? [];
  const factor = UNITS_MS[unit];
  return factor === undefined ? null : Math.round(Number(digits) * factor);
}

function ownName(): string {
  let user = "somebody";
  try {
    user = userInfo().username;
  } catch {
    // A process without an entry in /etc/passwd.
  }
  return `${user}@${hostname()}`.replaceAll(/\p{Cc}/gu, "_").slice(0, NAME_LENGTH_MAX);
}

const ARGUMENTS: Readonly<Record<string, { readonly least: number; readonly most: number; readonly form: string }>> = {
  set: { least: 2, most: 2, form: "KEY VALUE" },
  unset: { least: 1, most: 1, form: "KEY" },
  stop: { least: 1, most: 1, form: "KEY" },
  get: { least: 0, most: 1, form: "[KEY]" },
  list: { least: 0, most: 0, form: "no argument" },
  watch: { least: 0, most: 0, form: "no argument" },
};
const WORDS = Object.keys(ARGUMENTS);
const ONLY_WITH: Readonly<Record<string, readonly string[]>> = {
  over: ["set"],
  steps: ["set"],
  from: ["set"],
  guard: ["set"],
  "guard-cluster": ["set"],
  "guard-window": ["set"],
  "guard-min": ["set"],
  detach: ["set"],
  "any-key": ["set"],
  abort: ["stop"],
  json: ["get", "list", "watch"],
};
const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const WINDOW_DEFAULT_MS = 10_000;
const REQUESTS_MIN_DEFAULT = 20;
/** In bytes it may be four times as many. */
const NAME_LENGTH_MAX = 32;
