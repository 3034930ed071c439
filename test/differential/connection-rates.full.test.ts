// Connections beyond what their chain's bucket has, through the real Envoy and through Starling: who is served, and every counter.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { before, describe, it } from "mocha";
import { envoyInstalled, freePort, LiveProxy, type Program } from "../support/live-proxy.ts";
import { managerFilter } from "../support/proxy-file.ts";
import { untilOver } from "../support/raw-exchange.ts";

const NAMES = ["http", "two", "tcp", "off", "runtime", "shared-a", "shared-b"] as const;
const CLIENTS = 4;

describe("limits of new connections, the real Envoy beside Starling", function () {
  this.timeout(30_000);
  let envoy: Outcome;
  let starling: Outcome;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    envoy = await outcome("envoy");
    starling = await outcome("starling");
  });

  for (const name of NAMES) {
    it(`serve and refuse the same clients: ${name}`, () => {
      assert.deepEqual(starling.served[name], envoy.served[name]);
    });
  }

  it("count the same", () => {
    assert.ok(envoy.counted.length > 10);
    assert.deepEqual(starling.counted, envoy.counted);
  });
});

interface Outcome {
  /** Of each listener, whether its clients had an answer, one after the other. */
  readonly served: Readonly<Record<string, readonly boolean[]>>;
  readonly counted: readonly string[];
}

async function outcome(program: Program): Promise<Outcome> {
  const ports: number[] = [];
  while (ports.length <= NAMES.length) ports.push(await freePort(ports));
  const [adminPort = 0, ...listens] = ports;
  const proxy = await LiveProxy.start(program, JSON.stringify(fileOf(adminPort, listens)), adminPort);
  try {
    const served: Record<string, boolean[]> = {};
    for (const [i, name] of NAMES.entries()) {
      served[name] = [];
      for (let client = 0; client < CLIENTS; client++) served[name].push(await isServed(listens[i] ?? 0));
    }
    await untilOver(adminPort, NAMES, CLIENTS);
    const text = await (await fetch(`http://127.0.0.1:${adminPort}/stats`)).text();
    const counted = text.split("\n").filter((line) => COUNTED.test(line) && !line.endsWith(": 0"));
    return { served, counted: counted.toSorted() };
  } finally {
    await proxy.stop();
  }
}

/** Whether a client has an answer before its connection is over. */
function isServed(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    let isAnswered = false;
    socket.on("data", () => {
      isAnswered = true;
      socket.end();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(isAnswered));
    socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  });
}

function fileOf(adminPort: number, listens: readonly number[]): unknown {
  const routes = [{ match: { prefix: "/" }, direct_response: { status: 200 } }];
  const http = (name: string): unknown =>
    managerFilter({ stat_prefix: name, route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes }] } });
  const chains: Readonly<Record<(typeof NAMES)[number], readonly unknown[]>> = {
    http: [limit("http", 2), http("http")],
    two: [limit("first", 3), limit("second", 1), http("two")],
    tcp: [limit("tcp", 1), tcpProxy()],
    off: [limit("off", 1, { runtime_enabled: { default_value: false, runtime_key: "none" } }), http("off")],
    runtime: [
      limit("runtime", 1, { runtime_enabled: { default_value: false, runtime_key: "limits" } }),
      http("runtime"),
    ],
    "shared-a": [limit("a", 5, { share_key: "k" }), http("shared-a")],
    "shared-b": [limit("b", 5, { share_key: "k" }), http("shared-b")],
  };
  const listeners = NAMES.map((name, i) => ({
    name,
    stat_prefix: name,
    address: address(listens[i] ?? 0),
    filter_chains: [{ filters: chains[name] }],
  }));
  return {
    admin: { address: address(adminPort) },
    layered_runtime: { layers: [{ name: "static", static_layer: { limits: true } }] },
    static_resources: { listeners, clusters: [{ name: "nobody" }] },
  };
}

function limit(prefix: string, tokens: number, more: Readonly<Record<string, unknown>> = {}): unknown {
  const type = "type.googleapis.com/envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit";
  const bucket = { max_tokens: tokens, fill_interval: "600s" };
  return { name: "limit", typed_config: { "@type": type, stat_prefix: prefix, token_bucket: bucket, ...more } };
}

function tcpProxy(): unknown {
  const type = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
  return { name: "tcp", typed_config: { "@type": type, stat_prefix: "tcp", cluster: "nobody" } };
}

function address(port: number): unknown {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}

const COUNTED =
  /^local_rate_limit\.|^tcp\.|^(http|listener)\.[^.]+\.downstream_cx_(total|destroy|destroy_local|http1_total):/;
