// What becomes of connections that say nothing for a while, and of those above a limit, in the real Envoy and in Starling on one file: how long they are
// waited for, who serves them then, and what is counted.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { before, describe, it } from "mocha";
import { envoyInstalled, LiveProxy, PortMap, type Program } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { answering, managerFilter, tlsSocket } from "../support/proxy-file.ts";
import { untilClosed } from "../support/raw-exchange.ts";

const ADMIN = 21501;
const TYPE = "type.googleapis.com/envoy.extensions";
const FILTERS = [{ filters: [managerFilter({ route_config: answering("served") })] }];
const TLS_INSPECTOR = { listener_filters: [inspector("tls_inspector", "TlsInspector")] };
const HTTP_INSPECTOR = { listener_filters: [inspector("http_inspector", "HttpInspector")] };
const CONTINUE = { continue_on_listener_filters_timeout: true };
const SECURED = [{ ...FILTERS[0], transport_socket: tlsSocket([]) }];

/** How long a client is silent: until its connection ends, until its inspection was too long, or for a second in which nothing comes. */
type Silence = "to its end" | "to the time-out" | "a second";

/** A listener's fields, what its client says at once, and how long it is silent then, before it asks in cleartext. */
const CASES: Readonly<Record<string, readonly [listener: object, first: string, silence: Silence]>> = {
  "no inspector": [{}, "", "a second"],
  tls_inspector: [TLS_INSPECTOR, "", "to its end"],
  "tls_inspector, half a hello": [TLS_INSPECTOR, "\x16\x03\x01", "to its end"],
  "tls_inspector and on": [{ ...TLS_INSPECTOR, ...CONTINUE }, "", "to the time-out"],
  "tls_inspector without a limit": [{ ...TLS_INSPECTOR, listener_filters_timeout: "0s" }, "", "a second"],
  http_inspector: [HTTP_INSPECTOR, "", "to its end"],
  "http_inspector and on": [{ ...HTTP_INSPECTOR, ...CONTINUE }, "", "to the time-out"],
  "a handshake's own limit": [
    { filter_chains: [{ ...SECURED[0], transport_socket_connect_timeout: "0.4s" }], listener_filters_timeout: "5s" },
    "\x16\x03\x01",
    "to its end",
  ],
  "a handshake without a limit": [{ filter_chains: SECURED, listener_filters_timeout: "0.4s" }, "", "a second"],
  "a handshake after an inspection that was too long": [
    { filter_chains: SECURED, ...TLS_INSPECTOR, ...CONTINUE },
    "\x16\x03\x01",
    "to the time-out",
  ],
};
const NAMES = Object.keys(CASES);

describe("connections that say nothing, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  let envoy: readonly string[];
  let starling: readonly string[];

  before(async function () {
    if (!envoyInstalled()) this.skip();
    [envoy, starling] = await Promise.all([outcomes("envoy"), outcomes("starling")]);
  });

  for (const [at, name] of NAMES.entries()) {
    it(`end alike: ${name}`, () => {
      assert.ok(envoy[at] !== undefined);
      assert.equal(starling[at], envoy[at]);
    });
  }

  it("end in several ways", () => {
    const all = starling.join("\n");
    for (const part of [
      "early, downstream_pre_cx_timeout: 1",
      "transport_socket_connect_timeout: 1",
      "late",
      "served",
    ]) {
      assert.ok(all.includes(part), all);
    }
  });
});

/** Bootstrap fields, and which listener each connection goes to: of three, the first may have two, the third ignores the node's limit. */
const LIMITS: Readonly<Record<string, readonly [bootstrap: object, visits: readonly number[]]>> = {
  "a listener's": [runtime({ "envoy.resource_limits.listener.one.connection_limit": 2 }), [0, 0, 0, 1, 1, 1]],
  "the overload manager's": [monitor(3), [2, 2, 0, 0, 1, 1, 2, 0]],
  "the overload manager's over the runtime's": [
    { ...monitor(2), ...runtime({ "overload.global_downstream_max_connections": 1 }) },
    [2, 0, 1, 0, 2],
  ],
  "the runtime's old one, and a listener's": [
    runtime({
      "overload.global_downstream_max_connections": 4,
      "envoy.resource_limits.listener.one.connection_limit": 1,
    }),
    [2, 0, 0, 1, 1, 1, 2, 0],
  ],
};

describe("limits of connections, the real Envoy beside Starling", function () {
  this.timeout(60_000);

  before(function () {
    if (!envoyInstalled()) this.skip();
  });

  for (const [name, [bootstrap, visits]] of Object.entries(LIMITS)) {
    it(`refuse alike: ${name}`, async () => {
      const [theirs, ours] = await Promise.all([
        limited("envoy", bootstrap, visits),
        limited("starling", bootstrap, visits),
      ]);
      assert.match(theirs, /closed\n(.*\n)*.*overflow: [1-9]/);
      assert.equal(ours, theirs);
    });
  }
});

/** Which connections stayed open, and what each listener counted. */
async function limited(program: Program, bootstrap: object, visits: readonly number[]): Promise<string> {
  const ports = new PortMap();
  await ports.take(ADMIN, 21510, 21511, 21512);
  const listeners = ["one", "two", "three"].map((name, at) => ({
    name,
    stat_prefix: name,
    address: address(21510 + at),
    filter_chains: FILTERS,
    ignore_global_conn_limit: at === 2,
  }));
  const admin = { address: address(ADMIN), ignore_global_conn_limit: true };
  const text = JSON.stringify({ admin, static_resources: { listeners }, ...bootstrap });
  const yaml = ports.apply(text.replaceAll('"port_value":', "port_value: "));
  const proxy = await LiveProxy.start(program, yaml, ports.get(ADMIN));
  const sockets: Socket[] = [];
  try {
    // The old key counts Envoy's admin page too: what asked whether it is ready is to be gone.
    await eventually(async () => (await stat(ports.get(ADMIN), ADMIN_CONNECTIONS)) === 1);
    for (const visit of visits) {
      const socket = connect(ports.get(21510 + visit), "127.0.0.1").on("error", () => {});
      sockets.push(socket);
      socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
      // Each is let in or refused before the next one comes.
      await new Promise((resolve) => socket.once("data", resolve).once("close", resolve));
    }
    const seen = visits.map((visit, at) => `${visit} ${sockets[at]?.readyState === "open" ? "open" : "closed"}`);
    const stats = await (await fetch(`http://127.0.0.1:${ports.get(ADMIN)}/stats?filter=%5Elistener%5C.`)).text();
    const counted = /^listener\.(one|two|three)\.downstream_(cx_overflow|global_cx_overflow|cx_total|cx_active): /;
    return [...seen, ...stats.split("\n").filter((line) => counted.test(line))].join("\n");
  } finally {
    for (const socket of sockets) socket.destroy();
    await proxy.stop();
  }
}

function runtime(static_layer: object): object {
  return { layered_runtime: { layers: [{ name: "s", static_layer }] } };
}

function monitor(max_active_downstream_connections: number): object {
  const name = "envoy.resource_monitors.global_downstream_max_connections";
  const type = `${TYPE}.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig`;
  const typed_config = { "@type": type, max_active_downstream_connections };
  return { overload_manager: { resource_monitors: [{ name, typed_config }] } };
}

async function outcomes(program: Program): Promise<readonly string[]> {
  const ports = new PortMap();
  await ports.take(ADMIN, ...NAMES.map((_, at) => 21510 + at));
  const proxy = await LiveProxy.start(program, ports.apply(file()), ports.get(ADMIN));
  try {
    const ends = await Promise.all(NAMES.map((_, at) => visit(ports, at)));
    for (const at of NAMES.keys()) await untilClosed(ports.get(ADMIN), `l${at}`);
    const stats = await (await fetch(`http://127.0.0.1:${ports.get(ADMIN)}/stats?filter=%5Elistener%5C.`)).text();
    return ends.map((end, at) => {
      const lines = stats.split("\n").filter((line) => line.startsWith(`listener.l${at}.`) && COUNTED.test(line));
      return [end, ...lines.map((line) => line.slice(`listener.l${at}.`.length))].join(", ");
    });
  } finally {
    await proxy.stop();
  }
}

/** Whether a case's connection ended in its silence, and what it got when it asked after it. */
async function visit(ports: PortMap, at: number): Promise<string> {
  const [, first, silence] = Object.values(CASES)[at] ?? [{}, "", "a second"];
  const socket = connect(ports.get(21510 + at), "127.0.0.1");
  let got = "";
  let isOver = false;
  socket.on("error", () => {});
  socket.on("data", (bytes: Buffer) => {
    got += bytes.toString("latin1");
  });
  socket.on("close", () => {
    isOver = true;
  });
  await once(socket, "connect");
  if (first !== "") socket.write(first, "latin1");
  const isTimedOut = async (): Promise<boolean> =>
    (await stat(ports.get(ADMIN), `listener.l${at}.downstream_pre_cx_timeout`)) === 1;
  if (silence === "a second") await passing(1_000);
  // One that does not do so is told from the other program by what comes next.
  else await eventually(silence === "to its end" ? () => isOver : isTimedOut).catch(() => {});
  if (isOver) return "early";
  socket.write("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
  await eventually(() => isOver || got.endsWith("served"));
  socket.destroy();
  return `late ${/^HTTP\S+ (\d+)/.exec(got)?.[1] ?? ""} ${/served$/.exec(got)?.[0] ?? ""}`;
}

/** A number of the admin page, asked for on a connection of its own that is over on both sides then. */
function stat(port: number, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = "";
    const value = /: (\d+)\n/;
    const socket = connect(port, "127.0.0.1").once("error", reject);
    socket.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1");
      if (value.test(text)) socket.end();
    });
    socket.once("close", () => resolve(Number(value.exec(text)?.[1])));
    socket.write(`GET /stats?filter=^${name}$ HTTP/1.1\r\nhost: a\r\n\r\n`);
  });
}

function passing(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function file(): string {
  const listeners = Object.values(CASES).map(([fields], at) => ({
    name: `l${at}`,
    stat_prefix: `l${at}`,
    address: address(21510 + at),
    filter_chains: FILTERS,
    listener_filters_timeout: "0.4s",
    ...fields,
  }));
  const text = JSON.stringify({ admin: { address: address(ADMIN) }, static_resources: { listeners } });
  return text.replaceAll('"port_value":', "port_value: ");
}

function address(port_value: number): object {
  return { socket_address: { address: "127.0.0.1", port_value } };
}

function inspector(name: string, message: string): object {
  return { name, typed_config: { "@type": `${TYPE}.filters.listener.${name}.v3.${message}` } };
}

const ADMIN_CONNECTIONS = "http.admin.downstream_cx_active";
const COUNTED =
  /\.(downstream_cx_(destroy|total|transport_socket_connect_timeout)|downstream_pre_cx_timeout|no_filter_chain_match|ssl\.connection_error): [1-9]/;
