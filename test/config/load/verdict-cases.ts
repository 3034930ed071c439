// The cases of test/golden/verdicts: a few lines of a file, and who accepts them. Read by the quick test (our verdict) and by
// the full one (Envoy's verdict). `accept`: both; `refuse`: both; `kinder`: Envoy refuses, we do not; `stricter`: the reverse.
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One case. */
export interface VerdictCase {
  readonly verdict: "accept" | "refuse" | "kinder" | "stricter";
  /** The lines that make the case, as in the data file. */
  readonly title: string;
  /** The whole configuration with the lines in their place. */
  readonly text: string;
}

/** Which files there are, and what stands around the lines of each. */
export const verdictFiles = ["bootstrap", "cluster", "listener", "http-connection-manager"] as const;

/** The cases of one file. */
export function verdictCases(file: (typeof verdictFiles)[number]): readonly VerdictCase[] {
  const path = join(import.meta.dirname, "../../golden/verdicts", `${file}.txt`);
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  return lines.map((line) => {
    const space = line.indexOf(" ");
    const title = line.slice(space + 1);
    const verdict = line.slice(0, space) as VerdictCase["verdict"];
    return { verdict, title, text: frames[file](title.split(" ⏎ ")) };
  });
}

const frames: Readonly<Record<(typeof verdictFiles)[number], (lines: readonly string[]) => string>> = {
  bootstrap: (lines) => indented(0, lines),
  cluster: (lines) =>
    `static_resources:
  clusters:
  - name: c
    connect_timeout: 1s
    type: STATIC
${indented(4, lines)}`,
  listener: (lines) =>
    `static_resources:
  listeners:
  - name: l
${indented(4, completed(lines, listenerLines))}`,
  "http-connection-manager": (lines) =>
    `static_resources:
  clusters: [ { name: c, connect_timeout: 1s, type: STATIC } ]
  listeners:
  - name: l
    address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
    filter_chains:
    - filters:
      - name: h
        typed_config:
          "@type": ${extensions}.network.http_connection_manager.v3.HttpConnectionManager
${indented(10, completed(lines, managerLines))}`,
};

// The lines that a frame needs, without those that the case gives itself.
function completed(lines: readonly string[], needed: readonly string[]): readonly string[] {
  const given = lines.map((line) => line.slice(0, line.indexOf(":")));
  return [
    ...needed.filter((line) => given.every((key) => !line.startsWith(`${key}:`) && !alternative(key, line))),
    ...lines,
  ];
}

function alternative(key: string, line: string): boolean {
  return key === "rds" && line.startsWith("route_config:");
}

function indented(width: number, lines: readonly string[]): string {
  return lines.map((line) => `${" ".repeat(width)}${line}\n`).join("");
}

const extensions = "type.googleapis.com/envoy.extensions.filters";
const listenerLines: readonly string[] = [
  "address: { socket_address: { address: 127.0.0.1, port_value: 0 } }",
  `filter_chains: [ { filters: [ { name: e, typed_config: { "@type": ${extensions}.network.echo.v3.Echo } } ] } ]`,
];
const managerLines: readonly string[] = [
  "stat_prefix: s",
  "route_config: { name: r }",
  `http_filters: [ { name: r, typed_config: { "@type": ${extensions}.http.router.v3.Router } } ]`,
];
