// The same upgrades and CONNECTs through the real Envoy and through Starling, on one file: what client and upstream saw, the access log's
// line, and the counters of tunnels.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import http2 from "node:http2";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "mocha";
import { frame } from "../protocol/h2/support/frame.ts";
import { envoyInstalled, LiveProxy, PortMap, type Program } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { DEVIATIONS } from "./deviations.ts";
import { HTTP1, HTTP2, NOBODY, RAW, TUNNEL_CASES, type TunnelCase } from "./tunnel-cases.ts";

const ADMIN = 21501;
const FORMAT =
  "%REQ(:METHOD)% %PROTOCOL% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS% %UPSTREAM_HOST% %UPSTREAM_PROTOCOL% " +
  "%REQ(UPGRADE)% %BYTES_RECEIVED% %BYTES_SENT%";
const COUNTED = /\.(downstream_cx_upgrades_\w+|downstream_rq_(ws_on_non_ws_route|[1-5]xx)|no_route)$/;
describe("tunnels, the real Envoy beside Starling", function () {
  this.timeout(120_000);
  let envoy: ReadonlyMap<string, Outcome>;
  let starling: ReadonlyMap<string, Outcome>;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    envoy = await outcomes("envoy");
    starling = await outcomes("starling");
  });

  for (const { name, differs } of TUNNEL_CASES) {
    it(`${name}${differs === undefined ? " is the same" : ` differs: ${differs.why}`}`, () => {
      const [theirs, ours] = [envoy.get(name), starling.get(name)];
      assert.ok(theirs !== undefined && ours !== undefined);
      compare(ours.seen, theirs.seen, differs?.seen);
      compare(ours.log, theirs.log, differs?.log);
      compare(
        ours.counted.join("\n"),
        theirs.counted.join("\n"),
        differs?.seen === undefined ? undefined : "downstream_rq",
      );
      assert.ok(ours.log !== "");
    });
  }

  it("that differ as the table of differences says are cases here", () => {
    const rows = DEVIATIONS.filter(({ shownBy }) => shownBy === "tunnels.full.test.ts").map((one) => one.case);
    const differing = new Set(TUNNEL_CASES.filter(({ differs }) => differs !== undefined).map(({ name }) => name));
    assert.ok(rows.length > 0);
    assert.deepEqual(
      rows.filter((row) => !differing.has(row)),
      [],
    );
  });
});

/** The same, or of our own kind where that is meant. */
function compare(ours: string, theirs: string, own: string | undefined): void {
  if (own === undefined) assert.equal(ours, theirs);
  else {
    assert.ok(ours.includes(own), ours);
    assert.notEqual(ours, theirs);
  }
}

interface Outcome {
  /** What the client got and what the upstream got. */
  readonly seen: string;
  readonly log: string;
  readonly counted: readonly string[];
}

async function outcomes(program: Program): Promise<Map<string, Outcome>> {
  const ports = new PortMap();
  await ports.take(ADMIN, HTTP1, HTTP2, RAW, NOBODY, ...TUNNEL_CASES.map((_, i) => 21510 + i));
  const folder = mkdtempSync(join(tmpdir(), "tunnels-"));
  const logFile = join(folder, "log");
  const heard: string[] = [];
  const servers = [
    await listening(
      createServer((socket) => serveHttp1(socket, heard)),
      ports.get(HTTP1),
    ),
    await listening(http2Server(heard), ports.get(HTTP2)),
    await listening(
      createServer((socket) => serveRaw(socket, heard)),
      ports.get(RAW),
    ),
  ];
  const proxy = await LiveProxy.start(program, ports.apply(yaml(logFile)), ports.get(ADMIN));
  const found = new Map<string, Outcome>();
  try {
    for (const [i, one] of TUNNEL_CASES.entries()) {
      const port = ports.get(21510 + i);
      const got =
        typeof one.request === "string"
          ? await visit(port, one.request, one)
          : await visitHttp2(port, one.request, one);
      await new Promise((resolve) => setTimeout(resolve, 100)); // the upstream hears of it, too
      let stats = "";
      await eventually(async () => {
        stats = await (
          await fetch(`http://127.0.0.1:${ports.get(ADMIN)}/stats?filter=%5Ehttp%5C.${one.name}%5C.`)
        ).text();
        return stats !== "" && !/_active: [1-9]/.test(stats);
      });
      const counted = stats
        .split("\n")
        .filter((line) => COUNTED.test(line.split(":")[0] ?? "") && !line.endsWith(": 0"));
      found.set(one.name, { seen: masked(`${got}\n${heard.splice(0).join("")}`), log: "", counted });
    }
  } finally {
    await proxy.stop();
    for (const server of servers) server.close();
  }
  const log = ports.hide(readFileSync(logFile, "utf8"), [HTTP1, HTTP2, RAW, NOBODY]);
  rmSync(folder, { recursive: true });
  for (const [name, outcome] of found) {
    const line = log.split("\n").find((text) => text.startsWith(`${name} `)) ?? "";
    found.set(name, { ...outcome, log: line });
  }
  return found;
}

/** What a client of HTTP/1 got until it reset the connection or the proxy ended it. */
async function visit(port: number, request: string, { sends, isEnded = false }: TunnelCase): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let got = "";
  socket.on("error", () => {});
  socket.on("data", (bytes: Buffer) => {
    got += bytes.toString("latin1");
  });
  const over = once(socket, "close");
  socket.write(request);
  await eventually(() => socket.closed || got.includes("\r\n\r\n"));
  if (sends !== undefined) {
    socket.write(sends);
    await eventually(() => socket.closed || got.endsWith(answerTo(sends)));
  }
  await Promise.race(isEnded ? [over] : [over, quiet()]);
  if (!socket.destroyed) socket.resetAndDestroy();
  await over;
  return got;
}

async function visitHttp2(
  port: number,
  fields: http2.OutgoingHttpHeaders,
  { sends, ends }: TunnelCase,
): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const session = http2.connect(`http://127.0.0.1:${port}`, { createConnection: () => socket });
  session.on("error", () => {});
  await once(session, "remoteSettings");
  const stream = session.request(fields, { endStream: false });
  let got = "";
  stream.on("error", () => {});
  stream.on("response", (head) => {
    const { date: _, ...rest } = head;
    got += `${JSON.stringify(rest)} `;
  });
  stream.on("data", (bytes: Buffer) => {
    got += bytes.toString();
  });
  await eventually(() => got !== "" || stream.closed);
  if (sends !== undefined) {
    stream.write(sends);
    await eventually(() => got.endsWith(answerTo(sends)) || stream.closed);
  }
  await quiet();
  if (ends === true) stream.end();
  // By hand: Node's own way ends the stream first, in a write of its own, after which the proxy may see an end in order.
  else socket.write(frame.rstStream({ stream: stream.id ?? 0 }));
  await quiet();
  session.destroy();
  return got;
}

/** Answers by path, and what it is told once it has switched. */
function serveHttp1(socket: Socket, heard: string[]): void {
  let isOpen = false;
  const opens = (answer: string): void => {
    isOpen = true;
    socket.write(answer);
  };
  socket.on("error", () => {});
  socket.on("data", (bytes: Buffer) => {
    const text = bytes.toString("latin1");
    heard.push(text);
    if (isOpen) reply(socket, text);
    else if (/refuse/.test(text)) socket.write("HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\nno");
    else if (/^CONNECT/.test(text)) opens("HTTP/1.1 200 OK\r\n\r\n");
    else if (!/upgrade:/i.test(text)) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    else if (/ \/slow/.test(text)) setTimeout(() => opens(SWITCH), 200);
    else if (!/ \/hang/.test(text)) opens(SWITCH);
  });
}

function serveRaw(socket: Socket, heard: string[]): void {
  socket.on("error", () => {});
  socket.on("data", (bytes: Buffer) => {
    heard.push(bytes.toString("latin1"));
    reply(socket, bytes.toString("latin1"));
  });
}

function http2Server(heard: string[]): http2.Http2Server {
  const server = http2.createServer({ settings: { enableConnectProtocol: true } });
  server.on("stream", (stream, fields) => {
    const pseudo = [":method", ":protocol", ":path", ":authority", "upgrade", "connection"].map(
      (name) => `${name}=${fields[name]}`,
    );
    heard.push(`${pseudo.join(" ")}\n`);
    stream.on("error", () => {});
    stream.on("data", (bytes: Buffer) => {
      heard.push(bytes.toString());
      stream.write(answerTo(bytes.toString()));
    });
    if (fields[":path"] === "/refuse") stream.respond({ ":status": 400 }, { endStream: true });
    else stream.respond({ ":status": 200 });
  });
  return server;
}

function reply(socket: Socket, text: string): void {
  if (text === "close") socket.end(answerTo(text));
  else socket.write(answerTo(text));
}

/** What an upstream says to bytes in a tunnel: the same of two pieces as of one. */
function answerTo(text: string): string {
  return text === "close" ? "bye" : text.toUpperCase();
}

function listening<S extends Server | http2.Http2Server>(server: S, port: number): Promise<S> {
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));
}

function quiet(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 400));
}

/** Without what is another one each time; of fields only those of the tunnel count in what the upstream got. */
function masked(text: string): string {
  return text
    .replaceAll(/^date: .*\r\n/gm, "")
    .replaceAll(/^x-request-id: .*\r\n/gm, "")
    .replaceAll(/^sec-websocket-key: .*\r\n/gm, "")
    .replaceAll(/^x-envoy-expected-rq-timeout-ms: .*\r\n/gm, "")
    .replaceAll(/^x-envoy-upstream-service-time: .*\r\n/gm, "");
}

function yaml(logFile: string): string {
  const types = "type.googleapis.com/envoy.extensions";
  const address = (port: number): string => `{ socket_address: { address: 127.0.0.1, port_value: ${port} } }`;
  const router = { name: "router", typed_config: { "@type": `${types}.filters.http.router.v3.Router` } };
  const clusterOf = (port: number | undefined): string =>
    port === HTTP2 ? "http2" : port === NOBODY ? "nobody" : "http1";
  const listeners = TUNNEL_CASES.map(({ name, manager = {}, match = { prefix: "/" }, route, port }, i) => {
    const log = { path: logFile, log_format: { text_format_source: { inline_string: `${name} ${FORMAT}\n` } } };
    const filter = {
      "@type": `${types}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: name,
      ...(manager as object),
      http2_protocol_options: { allow_connect: true },
      access_log: [{ name: "log", typed_config: { "@type": `${types}.access_loggers.file.v3.FileAccessLog`, ...log } }],
      route_config: {
        virtual_hosts: [
          { name: "all", domains: ["*"], routes: [{ match, route: route ?? { cluster: clusterOf(port) } }] },
        ],
      },
      http_filters: [router],
    };
    return `  - { name: ${name}, address: ${address(21510 + i)}, filter_chains: [{ filters: [{ name: h, typed_config: ${JSON.stringify(filter)} }] }] }`;
  });
  const options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  const http2Options = {
    [options]: {
      "@type": `type.googleapis.com/${options}`,
      explicit_http_config: { http2_protocol_options: { allow_connect: true } },
    },
  };
  const cluster = (name: string, port: number, more: string = ""): string =>
    `  - { name: ${name}, load_assignment: { cluster_name: ${name}, endpoints: [{ lb_endpoints: [{ endpoint: { address: ${address(port)} } }] }] }${more} }`;
  const clusters = [
    cluster("http1", HTTP1),
    cluster("http2", HTTP2, `, typed_extension_protocol_options: ${JSON.stringify(http2Options)}`),
    cluster("raw", RAW),
    cluster("nobody", NOBODY),
  ];
  const admin = `admin: { address: ${address(ADMIN)} }`;
  return [admin, "static_resources:", "  listeners:", ...listeners, "  clusters:", ...clusters].join("\n");
}

const SWITCH = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
