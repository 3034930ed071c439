// Turns arguments into flag values by a table of flags. Reports every mistake at once, each as one plain line; decides nothing.
import { didYouMean } from "../../base/did-you-mean.ts";
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
  const name = arg.split("=")[0] as string;
  const names = specs.map((spec) => `--${spec.name}`);
  return `unknown flag ${name}${didYouMean(name, names)}`;
}

function isCount(text: string): boolean {
  return /^\d{1,9}$/.test(text);
}
