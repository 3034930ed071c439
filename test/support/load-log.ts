// What a log of the load reporting document says, as facts: the captured one and ours differ in the words for the cache and in the form of the
// statistics, JSON there and protobuf text here.
import { goldenText } from "./live-proxy.ts";

/** One line; `node` is empty for a line of no node. */
export interface LogFact {
  readonly kind: "up" | "added" | "asked" | "stats" | "other";
  readonly node: string;
  /** Statistics in protobuf text form, each number a `#`; otherwise what the line says. */
  readonly says: string;
}

/** The facts of the log that was captured beside real Envoys. */
export function goldenFacts(): LogFact[] {
  return goldenText("load-reporting/lrs_server.log")
    .trimEnd()
    .split("\n")
    .map((line) => factOf(line, (json) => protoFields(JSON.parse(json) as Json).join(" ")));
}

/** The facts of our log. */
export function logFacts(log: string): LogFact[] {
  return log
    .trimEnd()
    .split("\n")
    .map((line) => factOf(line, (text) => text));
}

/** Successful requests of each node that the log tells of, by locality. */
export function reportedByNode(log: string): Map<string, number> {
  const sums = new Map<string, number>();
  for (const line of log.split("\n")) {
    const [, node = ""] = /Got stats from .* node `([^`]*)`/.exec(line) ?? [];
    for (const [, count = "0"] of line.matchAll(/locality:<> total_successful_requests:(\d+)/g)) {
      sums.set(node, (sums.get(node) ?? 0) + Number(count));
    }
  }
  return sums;
}

function factOf(line: string, textOf: (stats: string) => string): LogFact {
  const [, rest = ""] = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d (.*)$/.exec(line) ?? [];
  for (const { kind, pattern } of KINDS) {
    const groups = pattern.exec(rest)?.groups;
    if (groups === undefined) continue;
    const { node = "", stats } = groups;
    if (stats === undefined)
      return { kind, node, says: kind === "added" ? (groups["cluster"] ?? "") : hideNumbers(rest, node) };
    return { kind, node, says: hideNumbers(textOf(stats), node) };
  }
  return { kind: "other", node: "", says: rest };
}

function hideNumbers(text: string, node: string): string {
  return text.replaceAll(node === "" ? "\0" : node, "NODE").replace(/(?<![\w.])\d+(?![\w.])/g, "#");
}

type Json = { readonly [name: string]: Json | readonly Json[] | string | number };

function protoFields(json: Json): string[] {
  return Object.entries(json).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one: Json | string | number) => {
      if (typeof one === "object")
        return `${name}:<${protoFields(one)
          .map((field) => `${field} `)
          .join("")}>`;
      return QUOTED.has(name) ? `${name}:"${one}"` : `${name}:${one}`;
    }),
  );
}

const QUOTED: ReadonlySet<string> = new Set(["cluster_name", "address"]);
const KINDS: readonly { readonly kind: LogFact["kind"]; readonly pattern: RegExp }[] = [
  { kind: "up", pattern: /^LRS Server is up and running on (?<port>:\d+)$/ },
  { kind: "added", pattern: /^Adding new (?:cluster|node) to cache `(?<cluster>.*)` with node `(?<node>.*)`$/ },
  { kind: "added", pattern: /^Adding new node `(?<node>.*)` to existing cluster `(?<cluster>.*)`$/ },
  { kind: "asked", pattern: /^Creating LRS response for cluster .*, node (?<node>\S+) with frequency 2 secs$/ },
  { kind: "stats", pattern: /^Got stats from cluster `http_service` node `(?<node>.*)` - (?<stats>.*)$/ },
];
