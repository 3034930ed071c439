// The same connections through the TCP proxies of the real Envoy and of Starling, on one file: what each end saw, the access log's line,
// and every counter of the proxy and its cluster.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "mocha";
import { envoyInstalled, LiveProxy, PortMap, type Program } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { untilClosed } from "../support/raw-exchange.ts";
import { TcpEndpoints } from "../support/tcp-endpoints.ts";
import { isLacking } from "./lacking-stats.ts";

const ADMIN = 21401;
const ECHO = 21402;
const HALVES = 21403;
const NOBODY = 21404;
const SILENT = 21405;
const FORMAT =
  "%BYTES_RECEIVED% %BYTES_SENT% %UPSTREAM_HOST% %UPSTREAM_CLUSTER% %RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG% " +
  "%UPSTREAM_TRANSPORT_FAILURE_REASON% %UPSTREAM_REQUEST_ATTEMPT_COUNT% %RESPONSE_CODE% %PROTOCOL% %REQ(:PATH)%";

/** A proxy with its cluster, both of this name, and what a client does with it. */
interface Case {
  readonly name: string;
  readonly proxy?: unknown;
  readonly cluster?: Readonly<Record<string, unknown>>;
  readonly port?: number | null;
  /** Default: sends `hello` and ends its side when it was answered. */
  readonly client?: (socket: Socket, scene: Scene) => Promise<void>;
}

/** What a client can ask for besides. */
interface Scene {
  /** A gauge of the case's cluster as it is now. */
  readonly gauge: (name: string) => Promise<number>;
  readonly endpoints: TcpEndpoints;
}

const answered: NonNullable<Case["client"]> = async (socket) => {
  await heard(socket, "hello");
  socket.end();
};
const waits: NonNullable<Case["client"]> = () => Promise.resolve();

const ONE_EACH = { circuit_breakers: { per_host_thresholds: [{ max_connections: 1 }] } };

const CASES: readonly Case[] = [
  { name: "echo" },
  {
    name: "half-closed",
    client: (socket) => {
      socket.end();
      return Promise.resolve();
    },
  },
  {
    name: "client-resets",
    client: async (socket) => {
      await heard(socket, "hello");
      socket.resetAndDestroy();
    },
  },
  {
    name: "server-resets",
    port: HALVES,
    client: async (socket, { endpoints }) => {
      await heard(socket, "half an ans"); // what a proxy has not read yet is lost in a reset
      endpoints.reset();
    },
  },
  { name: "idle", proxy: { idle_timeout: "1s" }, client: waits },
  { name: "too-old", proxy: { max_downstream_connection_duration: "1s" }, client: waits },
  { name: "no-endpoint", port: null, client: waits },
  { name: "no-cluster", proxy: { cluster: "nobody" }, client: waits },
  { name: "refused", port: NOBODY, proxy: { max_connect_attempts: 3 }, client: waits },
  {
    name: "backed-off",
    port: NOBODY,
    proxy: { max_connect_attempts: 3, backoff_options: { base_interval: "0.01s" } },
    client: waits,
  },
  { name: "none-may-wait", cluster: breakers({ max_pending_requests: 0 }), client: waits },
  { name: "none-may-run", cluster: breakers({ max_requests: 0 }) },
  { name: "none-may-connect", cluster: breakers({ max_connections: 0 }), client: waits },
  {
    name: "waits-its-turn",
    cluster: ONE_EACH,
    client: async (socket, scene) => {
      const next = await nextInLine(socket, scene);
      socket.end();
      await heard(next, "hello");
      next.end();
      await new Promise((resolve) => next.on("close", resolve));
    },
  },
  { name: "handshake-fails", cluster: { transport_socket: tls() }, client: waits },
  {
    name: "handshake-lasts",
    port: SILENT,
    proxy: { max_connect_attempts: 2 },
    cluster: { transport_socket: tls(), connect_timeout: "0.3s" },
    client: waits,
  },
  { name: "weighted", proxy: { weighted_clusters: { clusters: [{ name: "weighted", weight: 7 }] } } },
  {
    name: "told-when-connected",
    proxy: { access_log_options: { flush_access_log_on_connected: true } },
  },
];

describe("TCP proxies, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  let envoy: ReadonlyMap<string, Outcome>;
  let starling: ReadonlyMap<string, Outcome>;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    envoy = await outcomes("envoy");
    starling = await outcomes("starling");
  });

  for (const { name } of CASES) {
    it(`end, log and count alike: ${name}`, () => {
      const [theirs, ours] = [envoy.get(name), starling.get(name)];
      assert.ok(theirs !== undefined && ours !== undefined);
      assert.deepEqual(ours.seen, theirs.seen);
      assert.deepEqual(ours.log, theirs.log);
      assert.ok(ours.log.length > 0 && ours.counted.length > 0);
      assert.deepEqual(ours.counted, theirs.counted);
    });
  }

  it("have every counter of Envoy's tcp_proxy that can move, and no other", () => {
    const names = (map: ReadonlyMap<string, Outcome>): string[] => map.get("echo")?.names ?? [];
    assert.deepEqual(
      names(envoy).filter((name) => !isLacking(name)),
      names(starling),
    );
  });
});

interface Outcome {
  /** What the client and its endpoint saw. */
  readonly seen: readonly string[];
  readonly log: readonly string[];
  /** Counters of `tcp.<name>.` and `cluster.<name>.upstream_` that are not 0. */
  readonly counted: readonly string[];
  /** Every name below `tcp.<name>.`. */
  readonly names: string[];
}

async function outcomes(program: Program): Promise<Map<string, Outcome>> {
  const ports = new PortMap();
  const listens = CASES.map((_, i) => 21410 + i);
  await ports.take(ADMIN, ECHO, HALVES, NOBODY, SILENT, ...listens);
  const folder = mkdtempSync(join(tmpdir(), "tcp-"));
  const logFile = join(folder, "log");
  const endpoints = new TcpEndpoints();
  await endpoints.serve(ports.get(ECHO), (socket) => {
    socket.on("data", (bytes) => socket.write(bytes));
    socket.on("end", () => socket.end(" and goodbye"));
  });
  await endpoints.serve(ports.get(HALVES), (socket) => socket.once("data", () => socket.write("half an ans")));
  await endpoints.serve(ports.get(SILENT), (socket) => socket.on("end", () => socket.end()).resume());
  const proxy = await LiveProxy.start(program, ports.apply(yaml(logFile)), ports.get(ADMIN));
  const found = new Map<string, Outcome>();
  try {
    for (const [i, { name, client }] of CASES.entries()) {
      const gauge: Scene["gauge"] = async (stat) =>
        Number(/: (\d+)$/m.exec(await page(ports, `/stats?filter=%5Ecluster%5C.${name}%5C.${stat}$`))?.[1]);
      const seen = await visit(ports.get(21410 + i), (socket) => (client ?? answered)(socket, { gauge, endpoints }));
      await untilClosed(ports.get(ADMIN), ports.get(21410 + i));
      await eventually(async () => (await gauge("upstream_cx_active")) === 0);
      await eventually(() => endpoints.open.size === 0); // they hear of it, too
      const stats = await page(ports, `/stats?filter=%5E(tcp|cluster)%5C.${name}%5C.`);
      const lines = [...stats.matchAll(/^(\S+): (\d+)$/gm)].map(([, stat = "", value]) => [stat, value] as const);
      const counters = lines.filter(
        ([stat]) => /^tcp|\.upstream_(cx|rq|flow)/.test(stat) && !stat.endsWith("buffered"),
      );
      found.set(name, {
        // An endpoint that answers a handshake with other bytes may or may not write once more before it hears.
        seen: [...seen, ...endpoints.ends.splice(0).filter(() => !name.startsWith("handshake"))],
        log: [],
        counted: counters.filter(([, value]) => value !== "0").map(([stat, value]) => `${stat}: ${value}`),
        names: lines.filter(([stat]) => stat.startsWith("tcp.")).map(([stat]) => stat),
      });
    }
  } finally {
    await proxy.stop();
    endpoints.stop();
  }
  const text = ports.hide(readFileSync(logFile, "utf8"), [ECHO, HALVES, NOBODY, SILENT]);
  rmSync(folder, { recursive: true });
  for (const [name, outcome] of found) {
    const log = text.split("\n").filter((line) => line.startsWith(`${name} `));
    found.set(name, { ...outcome, log });
  }
  return found;
}

async function page(ports: PortMap, path: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${ports.get(ADMIN)}${path}`)).text();
}

/** One connection that says hello; how it went. */
async function visit(port: number, act: (socket: Socket) => Promise<void>): Promise<string[]> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  let text = "";
  let ending = "";
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  socket.on("data", (bytes: Buffer) => {
    text += bytes.toString();
  });
  socket.on("end", () => {
    ending = "end";
    socket.end();
  });
  // A refusal with bytes unread is a reset or an end, whichever the kernel sends first.
  socket.on("error", () => {
    ending = text === "" ? "end" : "reset";
  });
  socket.write("hello");
  await act(socket);
  await closed;
  return [`client got '${text}', ${ending}`];
}

/** One more client of the proxy that serves this one, for whom there is no room upstream. */
async function nextInLine(socket: Socket, { gauge }: Scene): Promise<Socket> {
  await heard(socket, "hello");
  const next = connect({ port: socket.remotePort ?? 0, host: "127.0.0.1" });
  next.write("hello");
  await eventually(async () => (await gauge("upstream_rq_pending_active")) === 1);
  return next;
}

function heard(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve) => {
    let got = "";
    socket.on("data", (bytes: Buffer) => {
      got += bytes.toString();
      if (got.includes(text)) resolve();
    });
  });
}

function breakers(threshold: unknown): Record<string, unknown> {
  return { circuit_breakers: { thresholds: [threshold] } };
}

function tls(): unknown {
  const type = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
  return { name: "tls", typed_config: { "@type": type } };
}

function yaml(logFile: string): string {
  const address = (port: number): string => `{ socket_address: { address: 127.0.0.1, port_value: ${port} } }`;
  const network = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
  const logger = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog";
  const listeners = CASES.map(({ name, proxy = {} }, i) => {
    const format = { text_format_source: { inline_string: `${name} ${FORMAT}\n` } };
    const log = { name: "log", typed_config: { "@type": logger, path: logFile, log_format: format } };
    const target = "weighted_clusters" in (proxy as object) ? {} : { cluster: name };
    const config = { "@type": network, stat_prefix: name, ...target, ...(proxy as object), access_log: [log] };
    return `  - { name: ${name}, address: ${address(21410 + i)}, filter_chains: [{ filters: [{ name: t, typed_config: ${JSON.stringify(config)} }] }] }`;
  });
  const clusters = CASES.map(({ name, port = ECHO, cluster = {} }) => {
    const endpoints = port === null ? "" : `{ endpoint: { address: ${address(port)} } }`;
    const more = Object.entries(cluster).map(([key, value]) => `, ${key}: ${JSON.stringify(value)}`);
    return `  - { name: ${name}, load_assignment: { cluster_name: ${name}, endpoints: [{ lb_endpoints: [${endpoints}] }] }${more.join("")} }`;
  });
  return [
    `admin: { address: ${address(ADMIN)} }`,
    "static_resources:",
    "  listeners:",
    ...listeners,
    "  clusters:",
    ...clusters,
  ].join("\n");
}
