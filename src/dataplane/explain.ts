// What a configuration does with one request, step by step and without sending anything: filter chain, virtual host, every route that
// was looked at, cluster and endpoints. Uses the tables that serve requests. Called by the command line (`starling explain`).
import { SeededRandom } from "../base/random.ts";
import { addressText } from "../config/plan/address.ts";
import type { ClusterPlan } from "../config/plan/cluster.ts";
import type { ListenerPlan } from "../config/plan/listener.ts";
import type { Plan } from "../config/plan/plan.ts";
import type { RoutePlan } from "../config/plan/route.ts";
import { staticRuntime } from "../config/plan/runtime.ts";
import { choiceNeedsAddresses, chooseChain } from "../net/chain-choice.ts";
import { HeaderList } from "../protocol/header-list.ts";
import { RouteTable } from "./routing/route-table.ts";

/** A request to explain. */
export interface ExplainedRequest {
  readonly method: string;
  readonly scheme: "http" | "https";
  /** Host with its port if it has one, as the client would send it. */
  readonly authority: string;
  readonly port: number;
  /** With query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: readonly (readonly [string, string])[];
  /** The client's IP address; empty: not told. */
  readonly source: string;
  /** 0: not told. */
  readonly sourcePort: number;
  /** The IP address that it connected to; empty: the listener's. */
  readonly destination: string;
}

/** Says where things stand in the file, as ` (file:line)`; empty when it is not known. */
export interface PlanSources {
  listener(listener: ListenerPlan): string;
  chain(listener: ListenerPlan, index: number): string;
  virtualHost(listener: ListenerPlan, chain: number, name: string): string;
  cluster(name: string): string;
  endpoint(cluster: string, index: number): string;
}

/** Lines to print, and whether some route answers the request. */
export interface Explanation {
  readonly lines: readonly string[];
  readonly matched: boolean;
}

/** Explains a request on every listener of its port; on all listeners when none has the port. */
export function explainRequest(plan: Plan, request: ExplainedRequest, sources: PlanSources): Explanation {
  const ofPort = plan.listeners.filter(({ address }) => address.kind === "socket" && address.port === request.port);
  const lines: string[] = [];
  if (ofPort.length === 0) lines.push(`no listener has port ${request.port}: every listener is shown`);
  let matched = false;
  for (const listener of ofPort.length === 0 ? plan.listeners : ofPort) {
    lines.push(`listener ${listener.name} on ${addressText(listener.address)}${sources.listener(listener)}`);
    if (explainListener(lines, { plan, listener, request, sources })) matched = true;
  }
  return { lines, matched };
}

interface Scene {
  readonly plan: Plan;
  readonly listener: ListenerPlan;
  readonly request: ExplainedRequest;
  readonly sources: PlanSources;
}

function explainListener(lines: string[], scene: Scene): boolean {
  const { listener, request, sources } = scene;
  const isTls = request.scheme === "https";
  const destination = request.destination || hostAddress(listener);
  if (choiceNeedsAddresses(listener)) {
    if (request.source === "") lines.push("  chains ask where the client is, which nobody told: --source IP[:PORT]");
    if (destination === "") lines.push("  chains ask what it connected to, which nobody told: --destination IP");
  }
  const chain = chooseChain(listener, {
    destinationPort: listener.address.kind === "socket" ? listener.address.port : 0,
    destination,
    source: request.source,
    sourcePort: request.sourcePort,
    serverName: isTls ? hostOf(request.authority) : "",
    transportProtocol: isTls ? "tls" : "raw_buffer",
    applicationProtocols: [],
  });
  if (chain === null) {
    lines.push("  no filter chain matches: the connection is closed");
    return false;
  }
  const at = listener.filterChains.indexOf(chain);
  const security = chain.tls === null ? "cleartext" : "TLS";
  const name = at < 0 ? "default filter chain" : `filter chain ${at}${chain.name === "" ? "" : ` '${chain.name}'`}`;
  lines.push(`  ${name}, ${security}${sources.chain(listener, at)}`);
  if (isTls !== (chain.tls !== null)) {
    lines.push(`    the request is ${request.scheme}, the chain is ${security}: the handshake would fail`);
  }
  if (chain.filter.kind === "tcp") {
    lines.push("    a TCP proxy: bytes pass, whatever they say");
    for (const { name, weight } of chain.filter.clusters) explainCluster(lines, name, `, weight ${weight}`, scene);
    return true;
  }
  const head = headOf(request);
  const host = new RouteTable(chain.filter.routes).host(request.authority);
  if (host === null) {
    lines.push(`    no virtual host has a domain for '${request.authority}': 404`);
    return false;
  }
  const source = sources.virtualHost(listener, at, host.plan.name);
  lines.push(`    virtual host ${host.plan.name} [${host.plan.domains.join(", ")}]${source}`);
  const steps = host.explain(head, staticRuntime(scene.plan.runtime), new SeededRandom(1).next32());
  for (const { route, mismatch } of steps) {
    const verdict = mismatch === null ? "matches" : `does not match: ${mismatch}`;
    lines.push(`      route ${routeText(route)} (${route.source}): ${verdict}`);
  }
  const last = steps.at(-1);
  if (last === undefined || last.mismatch !== null) {
    lines.push("      no route matches: 404");
    return false;
  }
  explainAction(lines, last.route, head, scene);
  return true;
}

/** The address that a listener has for itself; empty when it listens on all. */
function hostAddress({ address }: ListenerPlan): string {
  if (address.kind !== "socket") return "";
  return /^[0.:]+$/.test(address.host) ? "" : address.host;
}

function explainAction(lines: string[], { action }: RoutePlan, head: HeaderList, scene: Scene): void {
  switch (action.kind) {
    case "redirect":
      lines.push(`      -> redirect with ${action.status}`);
      return;
    case "direct_response":
      lines.push(`      -> the proxy answers ${action.status} itself`);
      return;
    case "non_forwarding":
      lines.push("      -> a route that forwards nothing: 404");
      return;
    case "forward":
      break;
  }
  const { cluster } = action;
  if (cluster.kind === "one") explainCluster(lines, cluster.name, "", scene);
  else if (cluster.kind === "header") {
    const name = head.valueByName(cluster.header) ?? "";
    if (name === "") lines.push(`      -> header ${cluster.header} names no cluster: ${action.clusterNotFoundStatus}`);
    else explainCluster(lines, name, `, named by header ${cluster.header}`, scene);
  } else {
    const total = cluster.clusters.reduce((sum, { weight }) => sum + weight, 0);
    for (const { name, weight } of cluster.clusters) explainCluster(lines, name, `, ${weight} of ${total}`, scene);
  }
}

function explainCluster(lines: string[], name: string, how: string, { plan, sources }: Scene): void {
  const cluster: ClusterPlan | undefined = plan.clusters.find((one) => one.name === name);
  if (cluster === undefined) {
    lines.push(`      -> cluster ${name}${how}: the configuration has none of this name`);
    return;
  }
  const { discovery, balancer } = cluster;
  lines.push(`      -> cluster ${name}${how}, ${discovery.kind}, ${balancer.kind}${sources.cluster(name)}`);
  for (const [index, { address, priority, health }] of discovery.endpoints.entries()) {
    const more = `${priority === 0 ? "" : `, priority ${priority}`}${health === "unknown" ? "" : `, ${health}`}`;
    lines.push(`         endpoint ${addressText(address)}${more}${sources.endpoint(name, index)}`);
  }
  if (discovery.kind === "mesh") lines.push(`         endpoints as announced for the service ${discovery.service}`);
}

function routeText({ name, match }: RoutePlan): string {
  const conditions = [
    `${match.path.kind} '${match.path.value}'`,
    ...match.headers.map((header) => `header ${header.name}`),
    ...match.query.map((query) => `query ${query.name}`),
  ];
  return `${name === "" ? "" : `'${name}' `}${conditions.join(", ")}`;
}

function headOf(request: ExplainedRequest): HeaderList {
  const head = new HeaderList();
  head.add(":method", request.method);
  head.add(":scheme", request.scheme);
  head.add(":authority", request.authority);
  head.add(":path", request.path);
  for (const [name, value] of request.headers) head.add(name, value);
  return head;
}

function hostOf(authority: string): string {
  return new URL(`http://${authority}`).hostname;
}
