// Every operator of access log formats that has a value here beside the real Envoy's: as text and as typed JSON, of forwarded and refused
// requests and of raw connections.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { operatorNames, operatorRule } from "../../src/config/compile/format-operators.ts";
import { envoyInstalled, freePort, LiveProxy, type Program } from "../support/live-proxy.ts";
import { managerFilter, proxyFile } from "../support/proxy-file.ts";
import { exchange, untilClosed } from "../support/raw-exchange.ts";
import { DEVIATIONS } from "./deviations.ts";

/** With arguments, where an operator needs or likes some. */
const ASKED: Readonly<Record<string, readonly string[]>> = {
  REQ: ["REQ(X-A)", "REQ(x-none?:PATH)", "REQ(:PATH):3", "REQ(x-none)"],
  RESP: ["RESP(X-Up)", "RESP(content-type?x-up):4"],
  TRAILER: ["TRAILER(a)"],
  START_TIME: ["START_TIME(%Y-%m)", "START_TIME(%Y %% %Z)"],
  EMIT_TIME: ["EMIT_TIME(%Y-%m)"],
  ENVIRONMENT: ["ENVIRONMENT(STARLING_NO_SUCH)", "ENVIRONMENT(HOME)", "ENVIRONMENT(HOME):2"],
  QUERY_PARAM: ["QUERY_PARAM(a)", "QUERY_PARAM(b)", "QUERY_PARAM(none)", "QUERY_PARAM(a):1"],
  QUERY_PARAMS: ["QUERY_PARAMS", "QUERY_PARAMS(ORIG)"],
  PATH: ["PATH", "PATH(NQ)", "PATH(WQ)", "PATH(NQ:PATH)", "PATH(WQ:ORIG)", "PATH(NQ:ORIG_OR_PATH)", "PATH:3"],
  GRPC_STATUS: ["GRPC_STATUS", "GRPC_STATUS(SNAKE_STRING)", "GRPC_STATUS(NUMBER)"],
  RESPONSE_CODE_DETAILS: ["RESPONSE_CODE_DETAILS", "RESPONSE_CODE_DETAILS(ALLOW_WHITESPACES)"],
  DYNAMIC_METADATA: ["DYNAMIC_METADATA(a:b)", "METADATA(DYNAMIC:a:b)"],
  CLUSTER_METADATA: ["CLUSTER_METADATA(ns:text)", "METADATA(CLUSTER:ns:number)", "METADATA(CLUSTER:none:text)"],
  UPSTREAM_METADATA: ["UPSTREAM_METADATA(ns:list)", "UPSTREAM_METADATA(ns)", "METADATA(UPSTREAM_HOST:ns:map:deep)"],
  METADATA: [
    "METADATA(ROUTE)",
    ...["ROUTE", "VIRTUAL_HOST", "LISTENER", "LISTENER_FILTER_CHAIN"].flatMap((owner) => [
      `METADATA(${owner}:ns)`,
      `METADATA(${owner}:ns:text):2`,
      `METADATA(${owner}:ns:whole):1`,
      `METADATA(${owner}:ns:truth)`,
      `METADATA(${owner}:ns:none)`,
      `METADATA(${owner}:ns:map:deep)`,
      `METADATA(${owner}:ns:list:0)`,
    ]),
  ],
  REQ_WITHOUT_QUERY: ["REQ_WITHOUT_QUERY(:PATH)", "REQ_WITHOUT_QUERY(X-ENVOY-ORIGINAL-PATH?:PATH):3"],
  COMMON_DURATION: ["COMMON_DURATION(DS_TX_END:DS_RX_BEG)", "COMMON_DURATION(NO:SUCH:us)"],
};

/** Different from run to run: here it only counts whether there is a value. */
const VARYING =
  /^(CONNECTION_ID|HOSTNAME|UNIQUE_ID|STREAM_ID|.*DURATION|.*_REMOTE_PORT|.*LOCAL_PORT|UPSTREAM_LOCAL_ADDRESS|.*REMOTE_ADDRESS|DOWNSTREAM_(DIRECT_)?LOCAL_ADDRESS|UPSTREAM_HOST.*)$/;
const OPERATORS = operatorNames()
  .filter((name) => operatorRule(name)?.served === true && operatorRule(name)?.name === name)
  .flatMap((name) => ASKED[name] ?? [name]);

const FORMATTERS = ["metadata.v3.Metadata", "req_without_query.v3.ReqWithoutQuery"].map((type) => ({
  name: type,
  typed_config: { "@type": `type.googleapis.com/envoy.extensions.formatter.${type}` },
}));
const METADATA = {
  filter_metadata: {
    ns: {
      text: "value",
      number: 1.5,
      whole: 12,
      truth: true,
      none: null,
      list: [1, "a", { z: 1, b: 2 }],
      map: { z: null, deep: "d" },
    },
    other: { text: "else" },
  },
};

/** What is written where and as what, whole lines of it. */
const SHAPE = {
  z: "%REQ(x-none)%",
  10: "%METADATA(ROUTE:ns)%",
  9: ["%RESPONSE_CODE%", "%REQ(x-none)%", 2, null, true, { y: "%PROTOCOL%", x: ["%REQ(x-none)%"] }, []],
  empty: { none: "%REQ(x-none)%" },
  nothing: null,
  mixed: "[%REQ(x-none)%] %METADATA(ROUTE:ns:map)% %REQ(:METHOD)%",
  constant: "",
  number: 1.5,
  Upper: { b: 1, a: "%METADATA(VIRTUAL_HOST:ns:text)%" },
};

const REQUESTS: Readonly<Record<string, string>> = {
  "a forwarded request": "POST /up/x?a=12&b&c=%20 HTTP/1.1\r\nhost: h\r\nx-a: value\r\ncontent-length: 3\r\n\r\nabc",
  // Of \u00fc and \u2603 the bytes of UTF-8, one character each.
  "one whose fields go beyond ASCII":
    "GET /here?a=1 HTTP/1.1\r\nhost: h\r\nx-a: Z\u00c3\u00bcrich \u00e2\u0098\u0083\r\n\r\n",
  "one without a route": "GET /nowhere?a HTTP/1.1\r\nhost: h\r\n\r\n",
  "one without an endpoint": "GET /gone HTTP/1.1\r\nhost: h\r\n\r\n",
  "one that is answered here": "GET /here?a=1 HTTP/1.1\r\nhost: h\r\nx-envoy-original-path: /mine?z=1\r\n\r\n",
};

describe("operators of access logs, the real Envoy beside Starling", function () {
  this.timeout(120_000);
  const directory = mkdtempSync(join(tmpdir(), "starling-operators-"));
  let upstream: Server;
  let theirs: Logs;
  let ours: Logs;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    upstream = createServer((_, response) => response.writeHead(201, { "x-up": "there" }).end("body"));
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    const { port } = upstream.address() as AddressInfo;
    theirs = await logsOf("envoy", directory, port);
    ours = await logsOf("starling", directory, port);
  });

  after(() => {
    upstream?.close();
    rmSync(directory, { recursive: true });
  });

  for (const [at, title] of [...Object.keys(REQUESTS), "a raw connection"].entries()) {
    for (const kind of ["text", "json"] as const) {
      it(`have the same ${kind} of ${title}`, () => {
        assert.equal(theirs[kind].length, Object.keys(REQUESTS).length + 1);
        assert.deepEqual(ours[kind][at], theirs[kind][at]);
      });
    }
  }

  for (const kind of ["shape", "sparse", "spare text"] as const) {
    it(`have the same lines of JSON, ${kind}`, () => {
      assert.equal(theirs[kind].length, Object.keys(REQUESTS).length + 1);
      assert.deepEqual(ours[kind], theirs[kind]);
    });
  }

  it("differ in one that Envoy has only with its formatter", async () => {
    const row = DEVIATIONS.find(({ shownBy }) => shownBy === "log-operators.full.test.ts");
    assert.equal(row?.case, "REQ_WITHOUT_QUERY without its formatter");
    const log_format = { text_format_source: { inline_string: "%REQ_WITHOUT_QUERY(:PATH)%\n" } };
    const access_log = [logTo(join(directory, "without"), log_format)];
    const [port, adminPort] = [await freePort(), await freePort()];
    const file = proxyFile({ port, adminPort, upstreamPort: 1, manager: { access_log } });
    await assert.rejects(
      LiveProxy.start("envoy", file, adminPort),
      /Not supported field in StreamInfo: REQ_WITHOUT_QUERY/,
    );
    const proxy = await LiveProxy.start("starling", file, adminPort);
    await exchange(port, "GET /a?b HTTP/1.1\r\nhost: h\r\n\r\n");
    await proxy.stop();
    assert.equal(readFileSync(join(directory, "without"), "utf8"), "/a\n");
  });

  it("are more than eighty", () => {
    assert.ok(OPERATORS.length > 80, String(OPERATORS.length));
  });
});

type Values = Readonly<Record<string, unknown>>;

interface Logs {
  readonly text: readonly Values[];
  readonly json: readonly Values[];
  readonly shape: readonly string[];
  readonly sparse: readonly string[];
  readonly "spare text": readonly string[];
}

async function logsOf(program: Program, directory: string, upstreamPort: number): Promise<Logs> {
  const port = await freePort();
  const adminPort = await freePort([port]);
  const tcpPort = await freePort([port, adminPort]);
  const nobody = await freePort([port, adminPort, tcpPort]);
  const path = (kind: string): string => join(directory, `${program}-${kind}`);
  const access_log = [
    logTo(path("shape"), { json_format: SHAPE, json_format_options: { sort_properties: false }, content_type: "a/b" }),
    logTo(path("sparse"), { json_format: SHAPE, omit_empty_values: true }),
    logTo(path("spare text"), {
      text_format_source: { inline_string: "%REQ(x-none)%|%METADATA(ROUTE:ns:none)%|%PROTOCOL%\n" },
      omit_empty_values: true,
    }),
    logTo(path("text"), {
      formatters: FORMATTERS,
      text_format_source: { inline_string: `${OPERATORS.map((one) => `%${one}%`).join("\t")}\n` },
    }),
    logTo(path("json"), {
      formatters: FORMATTERS,
      json_format: Object.fromEntries(OPERATORS.map((one, i) => [`o${i}`, `%${one}%`])),
    }),
  ];
  const route_config = {
    name: "local",
    virtual_hosts: [
      {
        name: "all",
        domains: ["*"],
        metadata: METADATA,
        routes: [
          {
            name: "up",
            metadata: METADATA,
            match: { prefix: "/up" },
            route: { cluster: "echo", prefix_rewrite: "/rewritten" },
          },
          { match: { prefix: "/gone" }, route: { cluster: "gone" } },
          { match: { prefix: "/here" }, direct_response: { status: 403, body: { inline_string: "no" } } },
        ],
      },
    ],
  };
  const file = JSON.parse(proxyFile({ port, adminPort, upstreamPort, morePorts: { gone: nobody } }));
  const [listener] = file.static_resources.listeners;
  const [cluster] = file.static_resources.clusters;
  listener.metadata = METADATA;
  cluster.metadata = METADATA;
  cluster.load_assignment.endpoints[0].lb_endpoints[0].metadata = METADATA;
  listener.filter_chains = [
    { name: "chain", metadata: METADATA, filters: [managerFilter({ route_config, access_log })] },
  ];
  const type = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
  const proxyConfig = { "@type": type, stat_prefix: "raw", cluster: "echo", access_log };
  file.static_resources.listeners.push({
    name: "raw",
    metadata: METADATA,
    address: { socket_address: { address: "127.0.0.1", port_value: tcpPort } },
    filter_chains: [{ name: "chain", metadata: METADATA, filters: [{ name: "tcp", typed_config: proxyConfig }] }],
  });
  const proxy = await LiveProxy.start(program, JSON.stringify(file), adminPort);
  try {
    for (const request of Object.values(REQUESTS)) await exchange(port, request);
    await exchange(tcpPort, "GET /raw HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n");
    await untilClosed(adminPort, tcpPort);
  } finally {
    await proxy.stop();
  }
  const lines = (kind: string): string[] => readFileSync(path(kind), "utf8").trimEnd().split("\n");
  return {
    shape: lines("shape"),
    sparse: lines("sparse"),
    "spare text": lines("spare text"),
    text: lines("text").map((line) => byName(line.split("\t"))),
    json: lines("json").map((line) => {
      const values = JSON.parse(line) as Record<string, unknown>;
      return byName(OPERATORS.map((_, i) => values[`o${i}`]));
    }),
  };
}

function byName(values: readonly unknown[]): Values {
  return Object.fromEntries(OPERATORS.map((one, i) => [one, VARYING.test(one) ? kindOf(values[i]) : values[i]]));
}

function kindOf(value: unknown): string {
  return value === "-" || value === null || value === undefined ? "nothing" : typeof value;
}

function logTo(path: string, log_format: unknown): unknown {
  const type = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog";
  return { name: "file", typed_config: { "@type": type, path, log_format } };
}
