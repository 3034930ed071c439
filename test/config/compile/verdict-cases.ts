// The cases of test/golden/compile-verdicts: a few lines in their frame, who takes them, and what is said. A line of a data file is
// `verdict | lines, parted by ⏎ | words`. Verdicts: `accept`, both take it; `same`, both refuse in these words; `refuse`, both
// refuse, ours in these words; `stricter`, Envoy takes it and we refuse it by name; `kinder`, only Envoy refuses it.
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One case. */
export interface VerdictCase {
  readonly verdict: "accept" | "same" | "refuse" | "stricter" | "kinder";
  /** The lines as in the data file. */
  readonly title: string;
  /** What the diagnostic says; "" for a case that is taken without a warning of compile's own. */
  readonly words: string;
  /** The whole configuration. */
  readonly text: string;
}

/** Which data files there are. */
export const verdictFrames = [
  "bootstrap",
  "listener",
  "filter-chain",
  "manager",
  "routes",
  "route",
  "action",
  "cluster",
  "check",
  "outlier",
  "endpoint",
  "locality",
  "tls",
] as const;

/** The cases of one frame. */
export function verdictCases(frame: (typeof verdictFrames)[number]): readonly VerdictCase[] {
  const path = join(import.meta.dirname, "../../golden/compile-verdicts", `${frame}.txt`);
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  return lines.map((line) => {
    const [verdict, title, words] = line.split(" | ") as [VerdictCase["verdict"], string, string | undefined];
    return { verdict, title, words: words ?? "", text: `${FRAMES[frame](title.split(" ⏎ ")).join("\n")}\n` };
  });
}

type Lines = readonly string[];

const EXTENSIONS = "type.googleapis.com/envoy.extensions";
const MANAGER = `${EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager`;
const ROUTER = `{ name: r, typed_config: { "@type": ${EXTENSIONS}.filters.http.router.v3.Router } }`;
const ADDRESS = "{ socket_address: { address: 127.0.0.1, port_value: 0 } }";
const ALL_TO_C = `{ virtual_hosts: [ { name: v, domains: ["*"], routes: [ { match: { prefix: / }, route: { cluster: c } } ] } ] }`;
const CHAIN = `{ filters: [ { name: h, typed_config: { "@type": ${MANAGER}, stat_prefix: s, route_config: ${ALL_TO_C}, http_filters: [ ${ROUTER} ] } } ] }`;

const CHECK = ["timeout: 1s", "interval: 1s", "unhealthy_threshold: 1", "healthy_threshold: 1", "tcp_health_check: {}"];

const FRAMES: Readonly<Record<(typeof verdictFrames)[number], (lines: Lines) => Lines>> = {
  bootstrap: (lines) => lines,
  listener: (lines) => ofListener(completed(lines, [`address: ${ADDRESS}`, `filter_chains: [ ${CHAIN} ]`])),
  "filter-chain": (lines) => ofChain(completed(lines, [`filters: [ ${managerFilter()} ]`])),
  manager: ofManager,
  routes: (lines) => ofManager(["route_config:", ...indented(2, lines)]),
  route: ofRoute,
  action: (lines) => ofRoute(["route:", ...indented(2, completed(lines, ["cluster: c"]))]),
  cluster: (lines) => ofCluster(lines),
  check: (lines) => ofCluster(["health_checks:", ...item(0, completed(lines, CHECK))]),
  outlier: (lines) => ofCluster(["outlier_detection:", ...indented(2, lines)]),
  endpoint: (lines) =>
    ofCluster([
      "load_assignment:",
      "  cluster_name: c",
      "  endpoints:",
      "  - lb_endpoints:",
      "    - endpoint:",
      ...indented(8, completed(lines, ["address: { socket_address: { address: 127.0.0.1, port_value: 1 } }"])),
    ]),
  locality: (lines) => ofCluster(["load_assignment:", "  cluster_name: c", "  endpoints:", ...item(2, lines)]),
  tls: (lines) =>
    ofChain([
      `filters: [ ${managerFilter()} ]`,
      "transport_socket:",
      "  name: t",
      "  typed_config:",
      `    "@type": ${EXTENSIONS}.transport_sockets.tls.v3.DownstreamTlsContext`,
      ...indented(4, lines),
    ]),
};

function managerFilter(): string {
  return `{ name: h, typed_config: { "@type": ${MANAGER}, stat_prefix: s, route_config: {}, http_filters: [ ${ROUTER} ] } }`;
}

function ofCluster(lines: Lines): Lines {
  return ["static_resources:", "  clusters:", ...item(2, completed(lines, ["name: c"]))];
}

function ofListener(lines: Lines): Lines {
  return [
    "static_resources:",
    "  clusters: [ { name: c } ]",
    "  listeners:",
    ...item(2, completed(lines, ["name: l"])),
  ];
}

function ofChain(lines: Lines): Lines {
  return ofListener([`address: ${ADDRESS}`, "filter_chains:", ...item(0, lines)]);
}

function ofManager(lines: Lines): Lines {
  const whole = completed(lines, ["stat_prefix: s", "route_config: {}", `http_filters: [ ${ROUTER} ]`]);
  return ofChain([
    "filters:",
    ...item(0, ["name: h", "typed_config:", `  "@type": ${MANAGER}`, ...indented(2, whole)]),
  ]);
}

function ofRoute(lines: Lines): Lines {
  const whole = completed(lines, ["match: { prefix: / }", "route: { cluster: c }"]);
  return ofManager([
    "route_config:",
    "  virtual_hosts:",
    "  - name: v",
    '    domains: ["*"]',
    "    routes:",
    ...item(4, whole),
  ]);
}

/** The lines that a frame needs before those of the case, without what the case gives itself or instead. */
function completed(lines: Lines, needed: Lines): Lines {
  const given = new Set(lines.map(keyOf));
  return [
    ...needed.filter((line) => ![keyOf(line), ...(INSTEAD[keyOf(line)] ?? [])].some((key) => given.has(key))),
    ...lines,
  ];
}

function keyOf(line: string): string {
  return line.slice(0, line.indexOf(":"));
}

/** Fields of one oneof: a case that gives one does not need the frame's. */
const INSTEAD: Readonly<Record<string, Lines>> = {
  cluster: ["cluster_header", "weighted_clusters"],
  route: ["redirect", "direct_response", "non_forwarding_action", "filter_action"],
  route_config: ["rds"],
  tcp_health_check: ["http_health_check", "grpc_health_check", "custom_health_check", "redis_health_check"],
  filter_chains: ["default_filter_chain"],
};

function indented(width: number, lines: Lines): Lines {
  return lines.map((line) => " ".repeat(width) + line);
}

function item(width: number, lines: Lines): Lines {
  return lines.map((line, index) => " ".repeat(width) + (index === 0 ? "- " : "  ") + line);
}
