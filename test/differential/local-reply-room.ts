// One proxy with a listener for each manager of local-reply-cases.ts, an upstream, and the requests of the cases.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, LiveProxy, type Program } from "../support/live-proxy.ts";
import { managerFilter, proxyFile } from "../support/proxy-file.ts";
import { exchange, masked } from "../support/raw-exchange.ts";
import { CASES, MANAGERS } from "./local-reply-cases.ts";
import { BODILESS, type ReplyCase } from "./local-reply-mappers.ts";

/** A running room. */
export class LocalReplyRoom {
  private readonly proxy: LiveProxy;
  private readonly upstream: Server;
  private readonly folder: string;
  private readonly adminPort: number;
  private readonly ports: ReadonlyMap<string, number>;

  private constructor(
    proxy: LiveProxy,
    upstream: Server,
    folder: string,
    ports: ReadonlyMap<string, number>,
    adminPort: number,
  ) {
    this.adminPort = adminPort;
    this.proxy = proxy;
    this.upstream = upstream;
    this.folder = folder;
    this.ports = ports;
  }

  /** Starts the upstream and a proxy in front of it. */
  static async start(program: Program): Promise<LocalReplyRoom> {
    const upstream = createServer((request, response) => {
      if (request.url === "/close") request.socket.destroy();
      else if (request.url === "/up503") response.writeHead(503).end("of the upstream");
      else if (!["/slow", "/idle", "/long"].includes(request.url ?? "")) response.end("ok");
    });
    // Cases that need no upstream may take long: no connection to it ends under the request that comes after them.
    upstream.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    const taken: number[] = [(upstream.address() as AddressInfo).port];
    const take = async (): Promise<number> => {
      const port = await freePort(taken);
      taken.push(port);
      return port;
    };
    const ports = new Map<string, number>();
    for (const manager of Object.keys(MANAGERS)) ports.set(manager, await take());
    const [adminPort, nobody] = [await take(), await take()];
    const folder = mkdtempSync(join(tmpdir(), "starling-local-replies-"));
    const file = JSON.parse(
      proxyFile({ port: 1, adminPort, upstreamPort: taken[0] as number, morePorts: { gone: nobody } }),
    );
    file.static_resources.clusters.push({ name: "empty", type: "STATIC" });
    for (const cluster of ["full", "maintained"]) {
      const limits = {
        circuit_breakers: { thresholds: [{ max_requests: 0, max_pending_requests: 0, max_connections: 0 }] },
      };
      file.static_resources.clusters.push({
        ...file.static_resources.clusters[0],
        ...(cluster === "full" ? limits : {}),
        name: cluster,
      });
    }
    file.layered_runtime = {
      layers: [{ name: "static", static_layer: { "upstream.maintenance_mode.maintained": 100 } }],
    };
    file.static_resources.listeners = [...ports].map(([manager, port]) => ({
      name: manager,
      address: { socket_address: { address: "127.0.0.1", port_value: port } },
      filter_chains: [{ filters: [managerFilter(managerOf(manager, join(folder, "log")))] }],
    }));
    const proxy = LiveProxy.launch(program, JSON.stringify(file), [], { REPLY_TEXT: "of the environment" });
    await proxy.live(adminPort);
    return new LocalReplyRoom(proxy, upstream, folder, ports, adminPort);
  }

  /** The answer to a case as text, without what differs from run to run. */
  async ask(one: ReplyCase): Promise<string> {
    const port = this.ports.get(one.manager ?? "plain") as number;
    if (one.http2 === true) return askHttp2(port, one);
    const { method = "GET", path = "/none", host = "a", lines = [], body = "" } = one;
    const fields = [`host: ${host}`, `x-case: ${one.name}`, ...lines].join("\r\n");
    return masked(await exchange(port, one.raw ?? `${method} ${path} HTTP/1.1\r\n${fields}\r\n\r\n${body}`));
  }

  /** What was counted of answers, by their status. */
  async counters(): Promise<readonly string[]> {
    const answer = await fetch(`http://127.0.0.1:${this.adminPort}/stats?usedonly`);
    return (await answer.text()).split("\n").filter((line) => COUNTED.test(line));
  }

  /** Ends both and answers the access log's lines; a second time nothing. */
  async stop(): Promise<readonly string[]> {
    if (!this.upstream.listening) return [];
    await this.proxy.stop();
    this.upstream.closeAllConnections();
    this.upstream.close();
    const lines = readFileSync(join(this.folder, "log"), "utf8").trimEnd().split("\n");
    rmSync(this.folder, { recursive: true });
    return lines;
  }
}

async function askHttp2(
  port: number,
  { name, method = "GET", path = "/none", lines = [] }: ReplyCase,
): Promise<string> {
  const session = connect(`http://127.0.0.1:${port}`);
  try {
    const fields = Object.fromEntries(lines.map((line) => line.split(": ")));
    const stream = session.request({ ":method": method, ":path": path, "x-case": name, ...fields });
    let text = "";
    stream.on("response", (head) => {
      text = Object.entries(head)
        .map(([key, value]) => `${key}: ${value}\n`)
        .join("");
    });
    stream.on("trailers", (trailers) => {
      text += JSON.stringify(trailers);
    });
    for await (const bytes of stream) text += (bytes as Buffer).toString("latin1");
    return masked(text);
  } finally {
    session.close();
  }
}

function managerOf(name: string, path: string): Readonly<Record<string, unknown>> {
  const format = MANAGERS[name];
  const mappers = [...CASES, ...BODILESS]
    .filter((one) => one.mapper !== undefined && (one.manager ?? "plain") === name)
    .map((one) => ({
      ...one.mapper,
      filter: {
        and_filter: {
          filters: [
            { header_filter: { header: { name: "x-case", string_match: { exact: one.name } } } },
            one.filter ?? { not_health_check_filter: {} },
          ],
        },
      },
    }));
  return {
    local_reply_config: { mappers, ...(format === null ? {} : { body_format: format }) },
    normalize_path: true,
    path_with_escaped_slashes_action: "UNESCAPE_AND_REDIRECT",
    access_log: [
      {
        name: "file",
        typed_config: {
          "@type": `${TYPES}access_loggers.file.v3.FileAccessLog`,
          path,
          log_format: { text_format_source: { inline_string: LINE } },
        },
      },
    ],
    http_filters: FILTERS,
    request_timeout: "0.4s",
    route_config: {
      name: "local",
      validate_clusters: false,
      virtual_hosts: [
        { name: "all", domains: ["*"], routes },
        { name: "secure", domains: ["secure"], require_tls: "ALL", routes },
      ],
    },
  };
}

const COUNTED =
  /^(http\.main\.downstream_rq|cluster\.\w+\.(external\.)?upstream_rq)_(\dxx|\d{3}|completed|too_large|timeout)/;
const TYPES = "type.googleapis.com/envoy.extensions.";
const HTTP = `${TYPES}filters.http.`;
const LINE =
  "%REQ(x-case)% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %BYTES_SENT% %GRPC_STATUS% %RESP(x-added)% " +
  "[%LOCAL_REPLY_BODY%]\n";
const always = { numerator: 100 };
const FILTERS = [
  {
    name: "check",
    typed_config: {
      "@type": `${HTTP}health_check.v3.HealthCheck`,
      pass_through_mode: false,
      headers: [{ name: ":path", string_match: { exact: "/check" } }],
    },
  },
  { name: "cors", typed_config: { "@type": `${HTTP}cors.v3.Cors` } },
  { name: "fault", typed_config: { "@type": `${HTTP}fault.v3.HTTPFault` } },
  { name: "limit", typed_config: { "@type": `${HTTP}local_ratelimit.v3.LocalRateLimit`, stat_prefix: "l" } },
  { name: "buffer", typed_config: { "@type": `${HTTP}buffer.v3.Buffer`, max_request_bytes: 16 } },
  {
    name: "router",
    typed_config: { "@type": `${HTTP}router.v3.Router`, strict_check_headers: ["x-envoy-max-retries"] },
  },
];

const direct = (path: string, status: number, body: string, more: object = {}): object => ({
  match: { path },
  direct_response: { status, ...(body === "" ? {} : { body: { inline_string: body } }) },
  ...more,
});
const forward = (path: string, cluster: string, more: object = {}, filters: object = {}): object => ({
  match: { path },
  route: { cluster, ...more },
  typed_per_filter_config: filters,
});
const adds = (fields: Readonly<Record<string, string>>): object[] =>
  Object.entries(fields).map(([key, value]) => ({ header: { key, value } }));

const routes = [
  direct("/here", 403, "forbidden here", {
    name: "here",
    metadata: { filter_metadata: { ns: { text: "schön", ö: [1, "☂"] } } },
  }),
  direct("/bad", 400, "bad"),
  direct("/fine", 200, "fine"),
  direct("/bare", 403, ""),
  direct("/typed", 500, "typed", {
    response_headers_to_add: adds({ "content-type": "a/b", "x-route": "first", "x-route-2": "a", "x-route-3": "b" }),
  }),
  direct("/type", 500, "typed", { response_headers_to_add: adds({ "content-type": "a/b" }) }),
  direct("/none-typed", 403, "", { response_headers_to_add: adds({ "content-type": "a/b" }) }),
  { match: { path: "/moved" }, redirect: { path_redirect: "/new" } },
  forward("/up", "echo"),
  forward("/up503", "echo"),
  forward("/close", "echo"),
  forward("/slow", "echo", { timeout: "0.05s" }),
  forward("/close-again", "echo", { retry_policy: { retry_on: "reset", num_retries: 1 }, prefix_rewrite: "/close" }),
  forward("/slow-try", "echo", { retry_policy: { num_retries: 0, per_try_timeout: "0.05s" }, prefix_rewrite: "/slow" }),
  forward("/idle", "echo", { idle_timeout: "0.1s" }),
  forward("/long", "echo", { max_stream_duration: { max_stream_duration: "0.1s" } }),
  forward("/full", "full"),
  forward("/maintained", "maintained"),
  forward("/empty", "empty"),
  forward("/gone", "gone"),
  forward("/missing", "missing"),
  forward(
    "/cors",
    "echo",
    {},
    {
      cors: {
        "@type": `${HTTP}cors.v3.CorsPolicy`,
        allow_origin_string_match: [{ prefix: "a" }],
        allow_methods: "GET",
      },
    },
  ),
  forward(
    "/fault",
    "echo",
    {},
    {
      fault: { "@type": `${HTTP}fault.v3.HTTPFault`, abort: { http_status: 401, percentage: always } },
    },
  ),
  forward(
    "/grpcfault",
    "echo",
    {},
    {
      fault: { "@type": `${HTTP}fault.v3.HTTPFault`, abort: { grpc_status: 5, percentage: always } },
    },
  ),
  forward(
    "/limited",
    "echo",
    {},
    {
      limit: {
        "@type": `${HTTP}local_ratelimit.v3.LocalRateLimit`,
        stat_prefix: "l",
        token_bucket: { max_tokens: 1, tokens_per_fill: 1, fill_interval: "3600s" },
        filter_enabled: { default_value: always },
        filter_enforced: { default_value: always },
      },
    },
  ),
];
