// Turns arguments into flag values by a table of flags. Reports every mistake at once, each as one plain line; decides nothing.
import type { FlagSpec } from "./flags.ts";

/** What was on the command line. */
export interface ParsedFlags {
  /** Text of each given flag by its long name; the last one wins. Switches hold `true`. */
  readonly values: ReadonlyMap<string, string>;
  /** Every value of a flag that may be repeated. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
  /** Arguments that are no flags. */
  readonly rest: readonly string[];
  /** One line per mistake. */
  readonly errors: readonly string[];
}

/** Parses `--flag value`, `--flag=value`, `-c value`, `-cvalue` and `--`. */
export function parseFlags(specs: readonly FlagSpec[], args: readonly string[]): ParsedFlags {
  const values = new Map<string, string>();
  const lists = new Map<string, string[]>();
  const rest: string[] = [];
  const errors: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    if (arg === "--") {
      rest.push(...args.slice(i + 1));
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      rest.push(arg);
      continue;
    }
    const { spec, inline } = find(specs, arg);
    if (spec === undefined) {
      errors.push(unknownFlag(specs, arg));
      continue;
    }
    if (spec.kind === "switch") {
      const on = inline ?? "true";
      if (on !== "true" && on !== "false") errors.push(`--${spec.name} takes no value`);
      if (on === "true") values.set(spec.name, "true");
      continue;
    }
    const value = inline ?? args[++i];
    if (value === undefined) errors.push(`${arg} needs a value`);
    else if (spec.kind === "count" && !isCount(value)) errors.push(`--${spec.name}: '${value}' is not a whole number`);
    else keep(spec, value, values, lists);
  }
  return { values, lists, rest, errors };
}

/** The name among `names` that a reader most likely meant; undefined when none is near. */
export function didYouMean(names: readonly string[], word: string): string | undefined {
  const ranked = names.map((name) => ({ name, distance: editDistance(name, word) }));
  const best = ranked.reduce((a, b) => (b.distance < a.distance ? b : a), { name: "", distance: Number.MAX_VALUE });
  return best.distance <= Math.max(2, Math.floor(word.length / 4)) ? best.name : undefined;
}

function find(specs: readonly FlagSpec[], arg: string): { spec: FlagSpec | undefined; inline: string | undefined } {
  if (!arg.startsWith("--")) {
    const spec = specs.find(({ short }) => short !== "" && short === arg[1]);
    const tail = arg.slice(2).replace(/^=/, "");
    return { spec, inline: arg.length > 2 ? tail : undefined };
  }
  const equals = arg.indexOf("=");
  const name = arg.slice(2, equals < 0 ? undefined : equals);
  return {
    spec: specs.find((spec) => spec.name === name),
    inline: equals < 0 ? undefined : arg.slice(equals + 1),
  };
}

function keep(spec: FlagSpec, value: string, values: Map<string, string>, lists: Map<string, string[]>): void {
  if (spec.kind === "list") lists.set(spec.name, [...(lists.get(spec.name) ?? []), value]);
  else values.set(spec.name, value);
}

function unknownFlag(specs: readonly FlagSpec[], arg: string): string {
  const name = arg.replace(/^-+/, "").split("=")[0] as string;
  const near = didYouMean(
    specs.map((spec) => spec.name),
    name,
  );
  const hint = near === undefined ? "" : ` (did you mean --${near}?)`;
  return `unknown flag ${arg.split("=")[0]}${hint}`;
}

function isCount(text: string): boolean {
  return /^\d{1,9}$/.test(text);
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
