import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "mocha";
import { configUrl } from "../../../src/base/location.ts";
import { runProgram } from "../../support/program.ts";
import { answering, managerFilter } from "../../support/proxy-file.ts";

const MANAGER = JSON.stringify(
  managerFilter({
    route_config: {
      virtual_hosts: [
        {
          name: "shop",
          domains: ["shop.example"],
          routes: [
            { match: { prefix: "/cart" }, route: { cluster: "carts" } },
            {
              match: { prefix: "/", headers: [{ name: "x-beta", string_match: { exact: "1" } }] },
              route: { weighted_clusters: { clusters: [weighted("carts", 1), weighted("betas", 3)] } },
            },
            { match: { path: "/old" }, redirect: { path_redirect: "/new" } },
          ],
        },
      ],
    },
  }),
);

const FILE = `static_resources:
  listeners:
  - name: front
    address: { socket_address: { address: 127.0.0.1, port_value: 8080 } }
    filter_chains:
    - filters:
      - ${MANAGER}
  clusters:
  - name: carts
    type: STATIC
    load_assignment:
      cluster_name: carts
      endpoints:
      - lb_endpoints:
        - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: 1 } } }
        - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: 2 } } }
  - name: betas
    connect_timeout: 1s
`;

function weighted(name: string, weight: number): unknown {
  return { name, weight };
}

let folder = "";
let path = "";

/** Output of `starling explain` with the file's folder taken out. */
async function explained(...args: string[]): Promise<{ code: number | null; out: string[]; err: string }> {
  const { code, out, err } = await runProgram("explain", "-c", path, ...args);
  return { code, out: out.replaceAll(`${folder}/`, "").trimEnd().split("\n"), err };
}

describe("starling explain", () => {
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "starling-test-"));
    path = join(folder, "f.yaml");
    writeFileSync(path, FILE);
  });

  after(() => rmSync(folder, { recursive: true }));

  it("shows the way of a request with the line of each step", async () => {
    const { code, out } = await explained("GET http://shop.example:8080/cart?a=b");
    assert.equal(code, 1, "the domain has no port, as in Envoy");
    assert.match(out.at(-1) ?? "", /no virtual host has a domain for 'shop\.example:8080': 404/);
    const other = await explained("GET http://shop.example/cart?a=b");
    assert.deepEqual(other.out, [
      "no listener has port 80: every listener is shown",
      "listener front on 127.0.0.1:8080 (f.yaml:3)",
      "  filter chain 0, cleartext (f.yaml:6)",
      "    virtual host shop [shop.example] (f.yaml:7)",
      "      route prefix '/cart' (f.yaml:7): matches",
      "      -> cluster carts, static, round_robin (f.yaml:9)",
      "         endpoint 127.0.0.1:1 (f.yaml:15)",
      "         endpoint 127.0.0.1:2 (f.yaml:16)",
    ]);
    assert.equal(other.code, 0);
  });

  it("says why each earlier route does not match, and what headers change", async () => {
    const without = await explained("POST http://shop.example/old");
    assert.deepEqual(without.out.slice(4), [
      "      route prefix '/cart' (f.yaml:7): does not match: path",
      "      route prefix '/', header x-beta (f.yaml:7): does not match: header x-beta",
      "      route path '/old' (f.yaml:7): matches",
      "      -> redirect with 301",
    ]);
    const beta = await explained("http://shop.example/old", "-H", "X-Beta: 1");
    assert.deepEqual(beta.out.slice(5, 7), [
      "      route prefix '/', header x-beta (f.yaml:7): matches",
      "      -> cluster carts, 1 of 4, static, round_robin (f.yaml:9)",
    ]);
    assert.match(beta.out.at(-1) ?? "", /-> cluster betas, 3 of 4, static, round_robin \(f\.yaml:17\)/);
  });

  it("ends with 1 when nothing matches, and says that TLS would fail on a cleartext chain", async () => {
    const { code, out } = await explained("GET https://shop.example/x");
    assert.equal(code, 1);
    assert.match(out[3] ?? "", /the request is https, the chain is cleartext: the handshake would fail/);
    assert.match(out.at(-1) ?? "", /no route matches: 404/);
  });

  it("chooses the chain by where the client is, as it is told, and says when nobody told", async () => {
    const chain = (name: string, match: object): string => {
      const filters = [managerFilter({ route_config: answering(name) })];
      return JSON.stringify({ name, filter_chain_match: match, filters });
    };
    const chains = [
      chain("inside", { source_prefix_ranges: [{ address_prefix: "10.0.0.0", prefix_len: 8 }] }),
      chain("port", { source_prefix_ranges: [{ address_prefix: "::1", prefix_len: 128 }], source_ports: [77] }),
      chain("door", { prefix_ranges: [{ address_prefix: "192.0.2.7", prefix_len: 32 }] }),
      chain("rest", {}),
    ];
    const sourced = join(folder, "sourced.yaml");
    const address = "{ socket_address: { address: 0.0.0.0, port_value: 80 } }";
    writeFileSync(
      sourced,
      `static_resources: { listeners: [{ name: a, address: ${address}, filter_chains: [${chains}] }] }`,
    );
    const told = async (...args: string[]): Promise<string> =>
      (await runProgram("explain", "-c", sourced, "GET http://a/", ...args)).out;
    const [port, door, silent] = await Promise.all([
      told("--source", "[::1]:77", "--destination", "::1"),
      told("--destination", "192.0.2.7", "--source", "10.1.2.3:9"),
      told(),
    ]);
    assert.match(port, /filter chain 1 'port'/);
    assert.match(door, /filter chain 2 'door'/);
    assert.match(silent, /--source IP\[:PORT\]\n.*--destination IP\n {2}filter chain 3 'rest'/);
    assert.match((await explained("GET http://a/", "--source", "here")).err, /--source 'here' is not IP or IP:PORT/);
  });

  it("says of a cluster whose endpoints are announced for which service", async () => {
    const sample = fileURLToPath(configUrl("mesh/announced-service.yaml"));
    const { out } = await runProgram("explain", "-c", sample, "GET http://a/");
    assert.match(out, /-> cluster orders, mesh, .*\n +endpoints as announced for the service shop\.orders\n$/);
  });

  it("says what is wrong with the command line", async () => {
    const { code, err } = await explained("GET shop.example", "-H", "x");
    assert.equal(code, 1);
    assert.match(err, /explain needs one request/);
    assert.match((await runProgram("explain", "GET http://a/")).err, /explain needs -c FILE/);
  });
});

describe("starling schema", () => {
  it("prints the JSON Schema of a bootstrap", async () => {
    const { code, out } = await runProgram("schema");
    assert.equal(code, 0);
    const schema = JSON.parse(out);
    assert.match(schema.$schema, /json-schema/);
    assert.ok(out.includes("static_resources"));
  });
});
