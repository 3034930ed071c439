// What becomes of connections that say nothing for a while, in the real Envoy and in Starling on one file: how long they are
// waited for, who serves them then, and what is counted.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { before, describe, it } from "mocha";
import { envoyInstalled, LiveProxy, PortMap, type Program } from "../support/live-proxy.ts";
import { answering, managerFilter, tlsSocket } from "../support/proxy-file.ts";

const ADMIN = 21501;
const TYPE = "type.googleapis.com/envoy.extensions";
const FILTERS = [{ filters: [managerFilter({ route_config: answering("served") })] }];
const TLS_INSPECTOR = { listener_filters: [inspector("tls_inspector", "TlsInspector")] };
const HTTP_INSPECTOR = { listener_filters: [inspector("http_inspector", "HttpInspector")] };
const CONTINUE = { continue_on_listener_filters_timeout: true };
const SECURED = [{ ...FILTERS[0], transport_socket: tlsSocket([]) }];

/** A listener's fields, and what its client says at once; after a second of silence it asks in cleartext. */
const CASES: Readonly<Record<string, readonly [listener: object, first: string]>> = {
  "no inspector": [{}, ""],
  tls_inspector: [TLS_INSPECTOR, ""],
  "tls_inspector, half a hello": [TLS_INSPECTOR, "\x16\x03\x01"],
  "tls_inspector and on": [{ ...TLS_INSPECTOR, ...CONTINUE }, ""],
  "tls_inspector without a limit": [{ ...TLS_INSPECTOR, listener_filters_timeout: "0s" }, ""],
  http_inspector: [HTTP_INSPECTOR, ""],
  "http_inspector and on": [{ ...HTTP_INSPECTOR, ...CONTINUE }, ""],
  "a handshake's own limit": [
    { filter_chains: [{ ...SECURED[0], transport_socket_connect_timeout: "0.4s" }], listener_filters_timeout: "5s" },
    "\x16\x03\x01",
  ],
  "a handshake without a limit": [{ filter_chains: SECURED, listener_filters_timeout: "0.4s" }, ""],
  "a handshake after an inspection that was too long": [
    { filter_chains: SECURED, ...TLS_INSPECTOR, ...CONTINUE },
    "\x16\x03\x01",
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

async function outcomes(program: Program): Promise<readonly string[]> {
  const ports = new PortMap();
  await ports.take(ADMIN, ...NAMES.map((_, at) => 21510 + at));
  const proxy = await LiveProxy.start(program, ports.apply(file()), ports.get(ADMIN));
  try {
    const ends = await Promise.all(NAMES.map((name, at) => visit(ports.get(21510 + at), CASES[name]?.[1] ?? "")));
    const stats = await (await fetch(`http://127.0.0.1:${ports.get(ADMIN)}/stats?filter=%5Elistener%5C.`)).text();
    return ends.map((end, at) => {
      const lines = stats.split("\n").filter((line) => line.startsWith(`listener.l${at}.`) && COUNTED.test(line));
      return [end, ...lines.map((line) => line.slice(`listener.l${at}.`.length))].join(", ");
    });
  } finally {
    await proxy.stop();
  }
}

/** Whether the connection ended in its first second of silence, and what it got when it asked after it. */
async function visit(port: number, first: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
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
  await passing(1_000);
  if (isOver) return "early";
  socket.write("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
  await passing(600);
  socket.destroy();
  return `late ${/^HTTP\S+ (\d+)/.exec(got)?.[1] ?? ""} ${/served$/.exec(got)?.[0] ?? ""}`;
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

const COUNTED =
  /\.(downstream_cx_(destroy|total|transport_socket_connect_timeout)|downstream_pre_cx_timeout|no_filter_chain_match|ssl\.connection_error): [1-9]/;
