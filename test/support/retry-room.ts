// A proxy in front of lying upstreams with a route and a cluster of its own for each case, and what the client, the upstream, the
// counters and the access log saw of each.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RetryCase } from "../differential/retry-cases.ts";
import { endpointAt, OVER_HTTP2, socketAddress, staticCluster } from "./file-parts.ts";
import { freePort, LiveProxy, type Program } from "./live-proxy.ts";
import { LyingUpstream } from "./lying-upstream.ts";
import { eventually } from "./nodes.ts";
import { managerFilter } from "./proxy-file.ts";
import { exchange, masked } from "./raw-exchange.ts";

/** One program's room. */
export class RetryRoom {
  private readonly proxy: LiveProxy;
  private readonly port: number;
  private readonly adminPort: number;
  private readonly upstreams: Record<"http1" | "http2", LyingUpstream>;
  private readonly folder: string;

  private constructor(
    proxy: LiveProxy,
    ports: readonly [number, number],
    upstreams: RetryRoom["upstreams"],
    folder: string,
  ) {
    this.proxy = proxy;
    this.port = ports[0];
    this.adminPort = ports[1];
    this.upstreams = upstreams;
    this.folder = folder;
  }

  /** `runtime`: keys of a static layer. `router`: fields of the router filter. */
  static async start(
    program: Program,
    cases: readonly RetryCase[],
    runtime: Readonly<Record<string, unknown>> = {},
    router: Readonly<Record<string, unknown>> = {},
  ): Promise<RetryRoom> {
    const upstreams = { http1: await LyingUpstream.start("http1"), http2: await LyingUpstream.start("http2") };
    const port = await freePort();
    const adminPort = await freePort([port]);
    const dead = await freePort([port, adminPort]);
    const folder = mkdtempSync(join(tmpdir(), "retries-"));
    const portOf = (one: RetryCase): number => (one.isRefused ? dead : upstreams[one.upstream ?? "http1"].port);
    const layers = [{ name: "static", static_layer: runtime }];
    const file = {
      layered_runtime: { layers },
      ...fileOf(cases, { port, adminPort, log: join(folder, "access.log"), router, portOf }),
    };
    const proxy = await LiveProxy.start(program, JSON.stringify(file), adminPort);
    return new RetryRoom(proxy, [port, adminPort], upstreams, folder);
  }

  /** Sends the case's request; the answer. */
  answer(one: RetryCase, index: number): Promise<string> {
    return exchange(this.port, requestOf(one, index), { quietMs: one.quietMs ?? 60, unfinishedMs: UNFINISHED_MS });
  }

  /** Sends the case's request; the answer without what differs from run to run. */
  async ask(one: RetryCase, index: number): Promise<string> {
    if (one.isWarm === true) await this.answer({ ...one, lines: [] }, index);
    return masked(await this.answer(one, index)).replaceAll("\r\n", "\n");
  }

  /** What the upstream saw of each attempt until now. */
  seen(one: RetryCase, index: number): string[] {
    const upstream = this.upstreams[one.upstream ?? "http1"];
    const first = expectedMs(upstream, index, 0);
    return upstream.of(nameOf(index)).map(({ headers, bodyBytes }, at) => {
      const expected = expectedMs(upstream, index, at);
      const facts = WATCHED.map((name) => `${name}=${headers.get(name) ?? "-"}`);
      const left = at === 0 ? expected : expected <= first ? "what is left" : "more";
      return [`body=${bodyBytes}`, `expected=${left}`, ...facts].join(" ");
    });
  }

  /** Milliseconds between the attempts of a case as the upstream saw them. */
  pausesMs(one: RetryCase, index: number): number[] {
    const times = this.upstreams[one.upstream ?? "http1"].of(nameOf(index)).map(({ atMs }) => atMs);
    return times.slice(1).map((time, at) => time - (times[at] as number));
  }

  /** Waits until so many of a case's requests are at the upstream, wait in the queue or were refused, and no connection is made for one. */
  async untilTaken(index: number, requests: number): Promise<void> {
    const prefix = `cluster.${nameOf(index)}.upstream_`;
    await eventually(async () => {
      const stats = await this.admin(`/stats?filter=^${prefix}(rq|cx)_`);
      const of = (name: string): number => Number(new RegExp(`^${prefix}${name}: (\\d+)$`, "m").exec(stats)?.[1]);
      const waiting = of("rq_pending_active");
      const taken = of("rq_total") + waiting + of("rq_pending_overflow") + of("rq_active_overflow");
      return taken >= requests && (waiting === 0 || of("cx_active") === of("rq_active"));
    });
  }

  /** Answers what the upstream holds of a case's requests. */
  release(one: RetryCase, index: number): void {
    this.upstreams[one.upstream ?? "http1"].release(nameOf(index));
  }

  /** Counters of a case's cluster that are not 0, once nothing is open. */
  async counters(index: number): Promise<string[]> {
    const stats = await (
      await fetch(`http://127.0.0.1:${this.adminPort}/stats?filter=^cluster\\.${nameOf(index)}\\.`)
    ).text();
    return stats
      .split("\n")
      .filter((line) => / [1-9]\d*$/.test(line) && !LEFT_OUT.test(line))
      .toSorted();
  }

  /** Gauges of its circuit breakers. */
  async breakers(index: number): Promise<string[]> {
    const stats = await this.admin(`/stats?filter=^cluster\\.${nameOf(index)}\\.circuit_breakers`);
    // What no limit leaves is more than a double can say exactly.
    const lines = stats
      .replaceAll(/\d{20}$/gm, "no end")
      .trim()
      .split("\n");
    return lines.toSorted();
  }

  /** Its limits as /clusters shows them. */
  async limits(index: number): Promise<string[]> {
    const clusters = await this.admin("/clusters");
    return clusters.split("\n").filter((line) => line.startsWith(`${nameOf(index)}::`) && line.includes("_priority::"));
  }

  private async admin(path: string): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.adminPort}${path}`)).text();
  }

  /** rq_success, rq_error and their like of the case's endpoint. */
  async endpoint(index: number): Promise<string[]> {
    const clusters = await (await fetch(`http://127.0.0.1:${this.adminPort}/clusters`)).text();
    return clusters
      .split("\n")
      .filter((line) => line.startsWith(`${nameOf(index)}::127.0.0.1:`) && /::rq_\w+::/.test(line))
      .map((line) => line.replace(/127\.0\.0\.1:\d+/, "endpoint"));
  }

  /** Ends everything; answers the lines of the access log, at the first call. */
  async stop(): Promise<string[]> {
    if (!existsSync(this.folder)) return [];
    await this.proxy.stop();
    await Promise.all([this.upstreams.http1.stop(), this.upstreams.http2.stop()]);
    const lines = readFileSync(join(this.folder, "access.log"), "utf8").trim().split("\n");
    rmSync(this.folder, { recursive: true, force: true });
    return lines;
  }
}

interface FileFacts {
  readonly port: number;
  readonly adminPort: number;
  readonly log: string;
  readonly router: Readonly<Record<string, unknown>>;
  portOf(one: RetryCase): number;
}

function fileOf(cases: readonly RetryCase[], facts: FileFacts): object {
  const routes = cases.map((one, index) => ({
    match: { path: `/${nameOf(index)}` },
    ...one.route,
    route: { cluster: nameOf(index), ...(one.policy === undefined ? {} : { retry_policy: one.policy }), ...one.action },
  }));
  const host = {
    name: "all",
    domains: ["*"],
    include_request_attempt_count: true,
    include_attempt_count_in_response: true,
    include_is_timeout_retry_header: true,
    routes,
  };
  const log = {
    name: "envoy.access_loggers.file",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
      path: facts.log,
      log_format: { text_format_source: { inline_string: LOG_FORMAT } },
    },
  };
  const filter = managerFilter({
    access_log: [log],
    http_filters: [{ name: "router", typed_config: { "@type": ROUTER, ...facts.router } }],
    internal_address_config: { cidr_ranges: [{ address_prefix: "10.0.0.0", prefix_len: 8 }] },
    route_config: { name: "local", virtual_hosts: [host] },
  });
  return {
    admin: { address: socketAddress(facts.adminPort) },
    static_resources: {
      listeners: [{ name: "main", address: socketAddress(facts.port), filter_chains: [{ filters: [filter] }] }],
      clusters: cases.map((one, index) => clusterOf(one, index, facts.portOf(one))),
    },
  };
}

function clusterOf(one: RetryCase, index: number, port: number): unknown {
  return {
    ...staticCluster(nameOf(index), endpointAt(port)),
    ...(one.upstream === "http2" ? OVER_HTTP2 : {}),
    ...one.cluster,
  };
}

function requestOf({ lines = [], body = "", script }: RetryCase, index: number): string {
  const isInside = lines.some((line) => line.startsWith("x-envoy-"));
  const all = [
    `${body === "" ? "GET" : "POST"} /${nameOf(index)} HTTP/1.1`,
    "host: a",
    `x-case: ${nameOf(index)}`,
    `x-script: ${script.join("|")}`,
    ...(isInside ? ["x-forwarded-for: 10.0.0.1"] : []),
    ...lines,
    ...(body === "" ? [] : [`content-length: ${body.length}`]),
  ];
  return `${all.join("\r\n")}\r\n\r\n${body}`;
}

function expectedMs(upstream: LyingUpstream, index: number, at: number): number {
  return Number(upstream.of(nameOf(index))[at]?.headers.get("x-envoy-expected-rq-timeout-ms") ?? -1);
}

function nameOf(index: number): string {
  return `c${index}`;
}

const ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";

/** Request headers that proxies write or take out. */
const WATCHED: readonly string[] = [
  "grpc-timeout",
  "x-envoy-upstream-stream-duration-ms",
  "x-envoy-attempt-count",
  "x-envoy-is-timeout-retry",
  "x-envoy-retry-on",
  "x-envoy-retry-grpc-on",
  "x-envoy-max-retries",
  "x-envoy-retriable-status-codes",
  "x-envoy-retriable-header-names",
  "x-envoy-upstream-rq-timeout-ms",
  "x-envoy-upstream-rq-per-try-timeout-ms",
];

const LOG_FORMAT =
  "%REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% attempts=%UPSTREAM_REQUEST_ATTEMPT_COUNT%\n";

/** Longer than the timeouts of cases, at which a proxy breaks off an answer. */
const UNFINISHED_MS = 10_000;

/** Bytes and times, and names that only one of both programs has. */
const LEFT_OUT =
  /_(bytes_total|bytes_buffered|time|ms): |warming|lb_|membership|max_host_weight|update_|version|default\.total_match|circuit_breakers/;
