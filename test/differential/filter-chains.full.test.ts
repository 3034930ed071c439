// Which filter chain serves a connection by where it comes from and goes to, in the real Envoy and in Starling on one file.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { before, describe, it } from "mocha";
import { envoyInstalled, LiveProxy, PortMap, type Program } from "../support/live-proxy.ts";

const ADMIN = 21501;
const SOURCE = 21502;
const TYPE = "type.googleapis.com/envoy.extensions.filters";

/** From an address, or address and port `SOURCE`, to another. */
const VISITS: readonly (readonly [from: string, to: string])[] = [
  ["127.0.0.1", "127.0.0.1"],
  ["127.0.0.1", "127.0.0.9"],
  ["127.0.0.5", "127.0.0.1"],
  ["127.0.0.5", "127.0.0.5"],
  ["127.0.7.5", "127.0.0.9"],
  [`127.0.0.5:${SOURCE}`, "127.0.0.1"],
  [`127.0.7.6:${SOURCE}`, "127.0.0.9"],
];

const CASES: Readonly<Record<string, readonly object[]>> = {
  destinations: [
    { prefix_ranges: [range("127.0.0.0", 8)] },
    { prefix_ranges: [range("127.0.0.9", 32), range("10.0.0.0", 8)] },
    {},
  ],
  "a destination before a transport protocol": [
    { transport_protocol: "raw_buffer" },
    { prefix_ranges: [range("127.0.0.0", 24)], transport_protocol: "tls" },
  ],
  "the peer's network, without a way back": [
    { direct_source_prefix_ranges: [range("127.0.0.0", 24)], source_ports: [SOURCE] },
    { source_prefix_ranges: [range("127.0.0.0", 8)] },
  ],
  "local and any": [{ source_type: "SAME_IP_OR_LOOPBACK" }, {}],
  "external and any": [{ source_type: "EXTERNAL" }, {}],
  "local, external and a network": [
    { source_type: "SAME_IP_OR_LOOPBACK" },
    { source_type: "EXTERNAL", source_prefix_ranges: [range("127.0.7.0", 24)] },
    { source_prefix_ranges: [range("127.0.0.5", 32)] },
  ],
  "sources, then their ports": [
    { source_prefix_ranges: [range("127.0.0.0", 8)], source_ports: [SOURCE] },
    { source_prefix_ranges: [range("127.0.0.0", 24)] },
    { source_prefix_ranges: [range("127.0.0.5", 32)], source_ports: [1, SOURCE] },
  ],
  "a port alone": [{ source_ports: [SOURCE] }],
  "bits behind the length": [{ source_prefix_ranges: [range("127.0.7.99", 24)] }, {}],
  "every destination and none": [{ prefix_ranges: [range("128.0.0.0", 1)] }, { prefix_ranges: [range("0.0.0.0", 0)] }],
};

describe("filter chains by address, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  let envoy: ReadonlyMap<string, readonly string[]>;
  let starling: ReadonlyMap<string, readonly string[]>;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    envoy = await choices("envoy");
    starling = await choices("starling");
  });

  for (const name of Object.keys(CASES)) {
    it(`are chosen alike: ${name}`, () => {
      assert.equal(envoy.get(name)?.length, VISITS.length);
      assert.deepEqual(starling.get(name), envoy.get(name));
    });
  }

  it("are all needed: some visit goes to the first, second and third chain, and some to none", () => {
    const served = [...envoy.values()].flat().map((line) => line.slice(line.indexOf(": ") + 2));
    assert.deepEqual([...new Set(served)].sort(), ["chain 0", "chain 1", "chain 2", "closed"]);
  });
});

/** What served each visit, by case. */
async function choices(program: Program): Promise<Map<string, readonly string[]>> {
  const ports = new PortMap();
  const names = Object.keys(CASES);
  await ports.take(ADMIN, SOURCE, ...names.map((_, at) => 21510 + at));
  const proxy = await LiveProxy.start(program, named(ports), ports.get(ADMIN));
  try {
    const found = new Map<string, readonly string[]>();
    for (const [at, name] of names.entries()) {
      const served: string[] = [];
      for (const [from, to] of VISITS) {
        const [localAddress = "", port] = from.split(":");
        const localPort = port === undefined ? {} : { localPort: ports.get(SOURCE) };
        served.push(
          `${from} to ${to}: ${await visit({ host: to, port: ports.get(21510 + at), localAddress, ...localPort })}`,
        );
      }
      found.set(name, served);
    }
    return found;
  } finally {
    await proxy.stop();
  }
}

function visit(to: { host: string; port: number; localAddress: string; localPort?: number }): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(to, () => socket.write("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"));
    let text = "";
    socket.on("data", (bytes: Buffer) => {
      text += bytes.toString();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNRESET" && error.code !== "EPIPE") reject(error);
    });
    socket.on("close", () => resolve(/chain \d+$/.exec(text)?.[0] ?? "closed"));
  });
}

/** The file with real ports, those of sources too. */
function named(ports: PortMap): string {
  return file().replaceAll(/\b215\d\d\b/g, (port) => String(ports.get(Number(port))));
}

function file(): string {
  const listeners = Object.values(CASES).map((matches, at) => ({
    name: `l${at}`,
    address: { socket_address: { address: "0.0.0.0", port_value: 21510 + at } },
    filter_chains: matches.map((match, index) => ({
      name: `c${index}`,
      filter_chain_match: match,
      filters: [{ name: "hcm", typed_config: manager(`chain ${index}`) }],
    })),
  }));
  return JSON.stringify({
    admin: { address: { socket_address: { address: "127.0.0.1", port_value: ADMIN } } },
    static_resources: { listeners },
  });
}

function manager(says: string): object {
  const routes = [{ match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: says } } }];
  return {
    "@type": `${TYPE}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "main",
    delayed_close_timeout: "0s", // Envoy ends at once, too
    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes }] },
    http_filters: [{ name: "router", typed_config: { "@type": `${TYPE}.http.router.v3.Router` } }],
  };
}

function range(address_prefix: string, prefix_len: number): object {
  return { address_prefix, prefix_len };
}
