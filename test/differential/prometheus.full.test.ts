// /stats/prometheus of the real Envoy beside Starling's on the same file after the same traffic: every line that Starling shows is one of
// Envoy's, with its metric, labels, their order, type and bounds of buckets. What Envoy has besides is left out for a reason (/stats holds
// that: stats.full.test.ts).
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import { before, describe, it } from "mocha";
import { closeService } from "../support/hello-service.ts";
import { envoyInstalled, LiveProxy, PortMap, type Program } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { managerFilter, tlsSocket } from "../support/proxy-file.ts";
import { exchange } from "../support/raw-exchange.ts";

const [ADMIN, HTTP, TLS, TCP, UP, CLOSED] = [21201, 21202, 21203, 21204, 21211, 21212];
const PORTS = [ADMIN, HTTP, TLS, TCP, UP, CLOSED];

/** Queries that both are asked. */
const QUERIES: readonly string[] = [
  "",
  "?usedonly",
  "?filter=upstream_rq",
  "?histogram_buckets=summary",
  "?text_readouts",
];

/** A cluster's name and the prefix of a connection manager. */
type Names = readonly [cluster: string, prefix: string];
const PLAIN_NAMES: Names = ["shop", "inside"];

/** What a file says of statistics. */
const WAYS: Readonly<Record<string, { readonly stats?: object; readonly names?: Names }>> = {
  "as it is by default": {},
  "with dots in names": { names: ["prod.shop", "in.side"] },
  "with tags, bounds and a matcher of the file": {
    stats: {
      stats_tags: [
        { tag_name: "stage", regex: "^cluster\\.((sh)op)" },
        { tag_name: "site", fixed_value: "north 1" },
        { tag_name: "what.ever", regex: "_cx_((total))$" },
        { tag_name: "envoy.response_code", regex: "_rq(_(\\d{3}))$" },
      ],
      histogram_bucket_settings: [
        { match: { suffix: "shop.upstream_rq_time" }, buckets: [5, 250.5, 1000] },
        { match: { prefix: "http." }, buckets: [0.5, 1] },
      ],
      stats_matcher: { exclusion_list: { patterns: [{ prefix: "cluster_manager." }, { suffix: "_cx_active" }] } },
    },
  },
  "with some default tags and some names only": {
    stats: {
      use_all_default_tags: false,
      stats_tags: [{ tag_name: "envoy.cluster_name" }, { tag_name: "envoy.response_code_class" }],
      stats_matcher: {
        inclusion_list: { patterns: [{ safe_regex: { regex: "cluster\\..*rq.*" } }, { contains: "downstream_rq" }] },
      },
    },
  },
};

for (const [way, { stats, names = PLAIN_NAMES }] of Object.entries(WAYS)) {
  describe(`/stats/prometheus ${way}, beside the real Envoy's`, function () {
    this.timeout(60_000);
    let envoy: Seen;
    let starling: Seen;

    before(async function () {
      if (!envoyInstalled()) this.skip();
      envoy = await seen("envoy", stats, names);
      starling = await seen("starling", stats, names);
    });

    for (const query of QUERIES) {
      it(`has no line that Envoy has not${query === "" ? "" : `, asked ${query}`}`, () => {
        const theirs = new Set([...envoy.pages.values()].flatMap((page) => [...linesOf(page)]));
        const ours = [...linesOf(starling.pages.get(query) ?? "")];
        assert.ok(ours.length > 100, `${ours.length}`);
        assert.deepEqual(
          ours.filter((line) => !theirs.has(line) && !line.includes("envoy_starling_")),
          [],
        );
      });
    }

    it("has the endpoints of the cluster that asks for them, all of it as Envoy", () => {
      const endpoints = (page: string): string[] =>
        [...linesOf(page)].filter((line) => line.includes("_endpoint_")).sort();
      assert.deepEqual(endpoints(starling.pages.get("") ?? ""), endpoints(envoy.pages.get("") ?? ""));
    });

    it("has the same head, and refuses the same", () => {
      assert.equal(starling.contentType, envoy.contentType);
      // Native histograms are there in protobuf only, which Starling does not write.
      const theirs = envoy.refusals.map((refusal) => refusal.replace("|prometheusnative", ""));
      assert.deepEqual(starling.refusals, theirs);
    });
  });
}

interface Seen {
  readonly pages: ReadonlyMap<string, string>;
  readonly contentType: string | null;
  readonly refusals: readonly string[];
}

/** Lines without their values, and types. */
function* linesOf(page: string): Iterable<string> {
  for (const line of page.split("\n")) {
    if (line !== "") yield line.startsWith("#") ? line : line.slice(0, line.lastIndexOf(" "));
  }
}

async function seen(program: Program, stats: object | undefined, names: Names): Promise<Seen> {
  const ports = new PortMap();
  await ports.take(...PORTS);
  const up = await service(ports.get(UP));
  const proxy = await LiveProxy.start(program, ports.apply(file(stats, names)), ports.get(ADMIN), [
    "--service-cluster",
    "c",
    "--service-node",
    "n",
  ]);
  const ask = (query: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${ports.get(ADMIN)}/stats/prometheus${query}`);
  try {
    await traffic(ports);
    await eventually(
      async () => (await (await ask("?filter=rq_time")).text()).includes("_bucket") || stats !== undefined,
    );
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    const pages = new Map<string, string>();
    for (const query of QUERIES) pages.set(query, ports.hide(await (await ask(query)).text(), PORTS));
    const wrong = ["?histogram_buckets=disjoint", "?histogram_buckets=nonsense", "?filter=["];
    const refusals = await Promise.all(
      wrong.map(async (query) => `${query} ${(await ask(query)).status} ${await (await ask(query)).text()}`),
    );
    return { pages, contentType: (await ask("")).headers.get("content-type"), refusals };
  } finally {
    await proxy.stop();
    await closeService(up);
  }
}

async function traffic(ports: PortMap): Promise<void> {
  const get = (path: string, fields: string = ""): string =>
    `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`;
  for (const path of ["/a", "/a", "/again", "/nobody", "/direct", "/faulty", "/none"])
    await exchange(ports.get(HTTP), get(path));
  await exchange(ports.get(HTTP), get("/a", "x-envoy-fault-abort-request: 503\r\n"));
  await exchange(ports.get(HTTP), "GET /a HTTP/1.1\r\n\r\n");
  await exchange(ports.get(TLS), get("/a"), { tls: true });
  await new Promise<void>((resolve) => {
    const socket = connect(ports.get(TCP), "127.0.0.1", () => socket.end(get("/a")));
    socket.resume().on("close", () => resolve());
  });
}

function service(port: number): Promise<Server> {
  const server = createServer((request, response) =>
    response.writeHead(request.url === "/again" ? 503 : 200).end("up"),
  );
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));
}

function file(stats: object | undefined, [shop, prefix]: Names): string {
  const address = (port: number): string => `{ socket_address: { address: 127.0.0.1, port_value: ${port} } }`;
  const type = (name: string): string => `type.googleapis.com/envoy.extensions.${name}`;
  const filter = (name: string, fields: object): object => ({
    name,
    typed_config: { "@type": type(`filters.http.${name}`), ...fields },
  });
  const route = (path: string, action: object, more: object = {}): object => ({
    match: { prefix: path },
    ...action,
    ...more,
  });
  const manager = JSON.stringify(
    managerFilter({
      stat_prefix: prefix,
      route_config: {
        name: "routes",
        virtual_hosts: [
          {
            name: "hosts",
            domains: ["*"],
            virtual_clusters: [{ name: "apples", headers: [{ name: ":path", string_match: { prefix: "/a" } }] }],
            routes: [
              route(
                "/again",
                { route: { cluster: shop, retry_policy: { retry_on: "5xx", num_retries: 1 } } },
                { stat_prefix: "again" },
              ),
              route("/a", { route: { cluster: shop } }, { stat_prefix: "first" }),
              route("/nobody", { route: { cluster: "nobody" } }),
              route("/direct", { direct_response: { status: 302 } }),
            ],
          },
        ],
      },
      http_filters: [
        filter("fault.v3.HTTPFault", { abort: { header_abort: {}, percentage: { numerator: 100 } } }),
        filter("local_ratelimit.v3.LocalRateLimit", {
          stat_prefix: "drops",
          token_bucket: { max_tokens: 99, fill_interval: "1s" },
        }),
        filter("router.v3.Router", {}),
      ],
    }),
  );
  const tcp = JSON.stringify({
    name: "tcp",
    typed_config: { "@type": type("filters.network.tcp_proxy.v3.TcpProxy"), stat_prefix: "through", cluster: shop },
  });
  const listener = (name: string, port: number, filters: string, more: string = ""): string =>
    `{ name: ${name}, address: ${address(port)}, filter_chains: [{ filters: [${filters}] ${more} }] }`;
  const endpoints = (port: number): string =>
    `load_assignment: { cluster_name: x, endpoints: [{ lb_endpoints: [{ endpoint: { hostname: one, address: ${address(port)} } }] }] }`;
  const check = `{ timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1, http_health_check: { path: / } }`;
  return [
    `admin: { address: ${address(ADMIN)} }`,
    "stats_flush_interval: 0.5s",
    ...(stats === undefined ? [] : [`stats_config: ${JSON.stringify(stats)}`]),
    "static_resources:",
    "  listeners:",
    `  - ${listener("main", HTTP, manager)}`,
    `  - ${listener("tls", TLS, manager, `, transport_socket: ${JSON.stringify(tlsSocket(["h2", "http/1.1"]))}`)}`,
    `  - ${listener("tcp", TCP, tcp)}`,
    "  clusters:",
    `  - { name: ${shop}, track_cluster_stats: { per_endpoint_stats: true }, health_checks: [${check}], outlier_detection: {}, ${endpoints(UP)} }`,
    `  - { name: nobody, ${endpoints(CLOSED)} }`,
  ].join("\n");
}
