// Access logs of listeners and of the admin server beside the real Envoy's: the same connections and requests, line by line.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { after, before, describe, it } from "mocha";
import { envoyInstalled, freePort, LiveProxy, type Program } from "../support/live-proxy.ts";
import { answering, managerFilter, proxyFile, tlsSocket } from "../support/proxy-file.ts";
import { exchange, untilClosed } from "../support/raw-exchange.ts";

const CONNECTION = [
  ...["START_TIME(%Y)", "RESPONSE_CODE", "RESPONSE_CODE_DETAILS", "RESPONSE_FLAGS", "RESPONSE_FLAGS_LONG", "PROTOCOL"],
  ...["BYTES_RECEIVED", "BYTES_SENT", "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", "DOWNSTREAM_LOCAL_ADDRESS"],
  ...["DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT", "FILTER_CHAIN_NAME", "REQUESTED_SERVER_NAME", "ACCESS_LOG_TYPE"],
  ...["UPSTREAM_REQUEST_ATTEMPT_COUNT", "UPSTREAM_CLUSTER", "REQ(:PATH)", "DOWNSTREAM_TLS_VERSION", "CONNECTION_ID"],
];
const REQUEST = ["REQ(x-forwarded-for)", "REQ(:SCHEME)", "RESP(content-type)", "REQ(user-agent)", "REQ(:AUTHORITY)"];

/** Connections to the listener, by what becomes of them. */
const CONNECTIONS: Readonly<Record<string, (port: number) => Promise<unknown>>> = {
  "one request": (port) => exchange(port, "GET /x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"),
  "no HTTP at all": (port) => exchange(port, "NO HTTP\r\n\r\n"),
  "a request over TLS": (port) => overTls(port, { servername: "a.example" }),
  "a name that no chain has": (port) => overTls(port, { servername: "b.example" }),
  "half a ClientHello": (port) => halfHello(port),
};

/** Requests to the admin server whose answers are the same in both. */
const ADMIN: readonly string[] = [
  "GET /stats?filter=nothing HTTP/1.1\r\nhost: adm\r\nuser-agent: me\r\n\r\n",
  "POST /healthcheck/ok HTTP/1.1\r\nhost: adm\r\ncontent-length: 3\r\nx-forwarded-for: 192.0.2.9\r\n\r\nabc",
  "GET /healthcheck/ok HTTP/1.1\r\nhost: adm\r\n\r\n",
];

describe("access logs of listeners and the admin server, the real Envoy beside Starling", function () {
  this.timeout(90_000);
  const directory = mkdtempSync(join(tmpdir(), "starling-listener-logs-"));
  let theirs: Lines;
  let ours: Lines;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    theirs = await linesOf("envoy", directory);
    ours = await linesOf("starling", directory);
  });

  after(() => rmSync(directory, { recursive: true }));

  for (const [i, title] of Object.keys(CONNECTIONS).entries()) {
    it(`tell the same of a connection with ${title}`, () => {
      assert.match(theirs.listener[i] ?? "", /RESPONSE_CODE=0/);
      assert.equal(ours.listener[i], theirs.listener[i]);
    });
  }

  it("have one line for each connection", () => {
    assert.deepEqual([ours.listener.length, theirs.listener.length], [5, 5]);
  });

  it("tell the same of requests to the admin server, in Envoy's own format and in another", () => {
    assert.equal(theirs.admin.length, ADMIN.length * 2);
    assert.deepEqual(ours.admin, theirs.admin);
  });

  it("want what their filter says", () => {
    assert.deepEqual([ours.filtered.length, theirs.filtered.length], [1, 1]);
    assert.equal(ours.filtered[0], theirs.filtered[0]);
  });
});

interface Lines {
  readonly listener: readonly string[];
  /** Both formats. */
  readonly admin: readonly string[];
  readonly filtered: readonly string[];
}

async function linesOf(program: Program, directory: string): Promise<Lines> {
  const port = await freePort();
  const adminPort = await freePort([port]);
  const upstreamPort = await freePort([port, adminPort]); // nobody listens there
  const path = (name: string): string => join(directory, `${program}-${name}`);
  const manager = managerFilter({ route_config: answering("hi") });
  const file = JSON.parse(
    proxyFile({
      ...{ port, adminPort, upstreamPort },
      filterChains: [
        {
          name: "tls",
          filter_chain_match: { transport_protocol: "tls", server_names: ["a.example"] },
          transport_socket: tlsSocket(["http/1.1"]),
          filters: [manager],
        },
        { name: "plain", filter_chain_match: { transport_protocol: "raw_buffer" }, filters: [manager] },
      ],
    }),
  );
  const notFound = {
    status_code_filter: { comparison: { op: "GE", value: { default_value: 400, runtime_key: "k" } } },
  };
  const own = { header_filter: { header: { name: "host-is-mine", present_match: true, invert_match: true } } };
  file.static_resources.listeners[0].access_log = [logTo(path("listener"), CONNECTION)];
  file.admin.access_log = [
    logTo(path("default"), null),
    logTo(path("admin"), [...CONNECTION, ...REQUEST]),
    { ...logTo(path("filtered"), CONNECTION), filter: { and_filter: { filters: [notFound, own] } } },
  ];
  const proxy = await LiveProxy.start(program, JSON.stringify(file), adminPort);
  try {
    for (const connection of Object.values(CONNECTIONS)) {
      await connection(port);
      await untilClosed(adminPort, port); // each has its line before the next one begins
    }
    for (const request of ADMIN) await exchange(adminPort, request);
    await exchange(adminPort, "GET /ready HTTP/1.1\r\nhost: end\r\n\r\n");
  } finally {
    await proxy.stop();
  }
  const read = (name: string): string[] =>
    readFileSync(path(name), "utf8")
      .trimEnd()
      .split("\n")
      .filter((line) => !/\/ready|downstream_cx_active/.test(line)) // how often this test asks is no matter
      .map((line) => masked(line, port, adminPort));
  return { listener: read("listener"), admin: [...read("default"), ...read("admin")], filtered: read("filtered") };
}

function logTo(path: string, operators: readonly string[] | null): Readonly<Record<string, unknown>> {
  const text = operators?.map((operator) => `${operator.replace(/\(.*/, "")}=%${operator}%`).join(" ");
  const format = text === undefined ? {} : { log_format: { text_format_source: { inline_string: `${text}\n` } } };
  const type = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog";
  return { name: "file", typed_config: { "@type": type, path, ...format } };
}

/** Without ports, times, and numbers of connections: whose number somebody has says enough. */
function masked(line: string, port: number, adminPort: number): string {
  return line
    .replaceAll(`:${port}`, ":<port>")
    .replaceAll(`:${adminPort}`, ":<admin>")
    .replace(/^\[[^\]]*\]/, "[<time>]")
    .replace(/ CONNECTION_ID=[1-9]\d*/, " CONNECTION_ID=<n>")
    .replace(/ (\d+) (\d+) \d+ - "/, ' $1 $2 <ms> - "');
}

function overTls(port: number, options: ConnectionOptions): Promise<void> {
  return new Promise((resolve) => {
    const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
    socket.once("secureConnect", () => socket.write("GET /t HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"));
    socket.on("error", () => {});
    socket.once("close", () => resolve());
    socket.resume();
  });
}

function halfHello(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.end(Buffer.from("1603010200", "hex")));
    socket.on("error", () => {});
    socket.once("close", () => resolve());
    socket.resume();
  });
}
