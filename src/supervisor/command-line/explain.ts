// `starling explain -c FILE 'METHOD URL' -H 'name: value'`: reads the command line and the file, finds where things stand in it, and
// prints what the data plane says of the request. Knows no routing.
import { parseIp } from "../../base/ip-address.ts";
import { loadPlan } from "../../config/compile/load-plan.ts";
import type { CheckedMessage } from "../../config/load/checked.ts";
import { child, children, text } from "../../config/load/fields.ts";
import { formatDiagnostic } from "../../config/load/format-diagnostic.ts";
import type { ListenerPlan } from "../../config/plan/listener.ts";
import type { Plan } from "../../config/plan/plan.ts";
import type { ParsedFlags } from "./parse-flags.ts";

/** A request as the data plane's `explainRequest` takes it. */
export interface RequestToExplain {
  readonly method: string;
  readonly scheme: "http" | "https";
  readonly authority: string;
  readonly port: number;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
}

/** Says what a plan does with a request; given by main.ts, because the supervisor does not know the data plane. */
export type Explain = (
  plan: Plan,
  request: RequestToExplain,
  sources: FileSources,
) => { readonly lines: readonly string[]; readonly matched: boolean };

/** Prints the explanation; answers with the exit code: 0 when a route matches, else 1. */
export function explain(flags: ParsedFlags, explainRequest: Explain): 0 | 1 {
  const request = requestOf(flags);
  const path = flags.values.get("config-path") ?? "";
  const mistakes = [...flags.errors];
  if (path === "") mistakes.push("explain needs -c FILE");
  if (typeof request === "string") mistakes.push(request);
  if (mistakes.length > 0 || typeof request === "string") return fail(mistakes);
  const yaml = flags.values.get("config-yaml") ?? "";
  const { plan, message, errors } = loadPlan({ path, yaml }, { allowUnknownFields: false, compat: "starling" });
  if (plan === null || message === null) return fail(errors.map(formatDiagnostic));
  const { lines, matched } = explainRequest(plan, request, new FileSources(message, plan));
  process.stdout.write(`${lines.join("\n")}\n`);
  return matched ? 0 : 1;
}

/** Where the things of a plan stand in the file it was made of. */
export class FileSources {
  private readonly listeners: ReadonlyMap<string, CheckedMessage>;
  private readonly clusters: ReadonlyMap<string, CheckedMessage>;

  constructor(bootstrap: CheckedMessage, plan: Plan) {
    const resources = child(bootstrap, "static_resources");
    const written = resources === undefined ? [] : children(resources, "listeners");
    // A listener without a name is given one: both are in the file's order.
    this.listeners = new Map(written.map((message, i) => [plan.listeners[i]?.name ?? "", message]));
    const clusters = resources === undefined ? [] : children(resources, "clusters");
    this.clusters = new Map(clusters.map((message) => [text(message, "name") ?? "", message]));
  }

  /** Each of these answers ` (file:line)`, empty when it is not in the file. */
  listener(listener: ListenerPlan): string {
    return place(this.listeners.get(listener.name));
  }

  /** `index` -1: the default filter chain. */
  chain(listener: ListenerPlan, index: number): string {
    return place(this.chainOf(listener, index));
  }

  /** The first virtual host of this name. */
  virtualHost(listener: ListenerPlan, chain: number, name: string): string {
    const filters = this.chainOf(listener, chain);
    for (const filter of filters === undefined ? [] : children(filters, "filters")) {
      const manager = child(filter, "typed_config");
      const routes = manager === undefined ? undefined : child(manager, "route_config");
      const hosts = routes === undefined ? [] : children(routes, "virtual_hosts");
      const found = hosts.find((host) => text(host, "name") === name);
      if (found !== undefined) return place(found);
    }
    return "";
  }

  /** A cluster by name. */
  cluster(name: string): string {
    return place(this.clusters.get(name));
  }

  /** The so-manieth endpoint of a cluster. */
  endpoint(cluster: string, index: number): string {
    const message = this.clusters.get(cluster);
    const assignment = message === undefined ? undefined : child(message, "load_assignment");
    const groups = assignment === undefined ? [] : children(assignment, "endpoints");
    return place(groups.flatMap((group) => children(group, "lb_endpoints"))[index]);
  }

  private chainOf(listener: ListenerPlan, index: number): CheckedMessage | undefined {
    const message = this.listeners.get(listener.name);
    if (message === undefined) return undefined;
    return index < 0 ? child(message, "default_filter_chain") : children(message, "filter_chains")[index];
  }
}

function place(message: CheckedMessage | undefined): string {
  return message === undefined ? "" : ` (${message.position.file}:${message.position.line})`;
}

/** The request of the command line, or what is wrong with it. */
function requestOf(flags: ParsedFlags): RequestToExplain | string {
  const [line = "", ...more] = flags.rest;
  const [, method = "GET", url = ""] = /^(?:([A-Z]+) +)?(\S+)$/.exec(line.trim()) ?? [];
  if (more.length > 0 || !URL.canParse(url) || !/^https?:/.test(url)) {
    return "explain needs one request: 'GET https://host/path'";
  }
  const { protocol, host, pathname, search, port } = new URL(url);
  const scheme = protocol === "https:" ? "https" : "http";
  const headers: (readonly [string, string])[] = [];
  for (const header of flags.lists.get("header") ?? []) {
    const [, name, value] = /^([^:\s]+)\s*:\s*(.*)$/.exec(header) ?? [];
    if (name === undefined || value === undefined) return `-H '${header}' is not 'name: value'`;
    headers.push([name.toLowerCase(), value]);
  }
  const source = sourceOf(flags.values.get("source") ?? "");
  if (source === null) return `--source '${flags.values.get("source")}' is not IP or IP:PORT`;
  const destination = flags.values.get("destination") ?? "";
  if (destination !== "" && parseIp(destination) === null) return `--destination '${destination}' is no IP address`;
  const known = scheme === "https" ? 443 : 80;
  return {
    method,
    scheme,
    authority: host,
    port: port === "" ? known : Number(port),
    path: pathname + search,
    headers,
    ...source,
    destination,
  };
}

/** `10.0.0.1`, `10.0.0.1:80`, `::1`, `[::1]:80`; empty: not given. */
function sourceOf(text: string): { readonly source: string; readonly sourcePort: number } | null {
  if (text === "" || parseIp(text) !== null) return { source: text, sourcePort: 0 };
  const [, bracketed, plain, port = ""] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const source = bracketed ?? plain ?? "";
  return parseIp(source) === null || Number(port) > 65_535 ? null : { source, sourcePort: Number(port) };
}

function fail(lines: readonly string[]): 1 {
  for (const line of lines) process.stderr.write(`starling: ${line}\n`);
  return 1;
}
