import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { inFileOrder } from "../../../src/config/compile/compile-plan.ts";
import { deepFreeze } from "../../../src/config/compile/deep-freeze.ts";
import { loadPlan } from "../../../src/config/compile/load-plan.ts";

const ROUTED = "test/golden/plan/routes.yaml";

describe("a plan", () => {
  it("is plain data: a structured clone of it is equal", () => {
    const { plan } = loadPlan({ path: ROUTED });
    assert.deepEqual(structuredClone(plan), plan);
  });

  it("is frozen all the way down", () => {
    const { plan } = loadPlan({ path: ROUTED });
    const thawed = partsOf(plan).filter((part) => !Object.isFrozen(part));
    assert.deepEqual(thawed, []);
    assert.ok(partsOf(plan).length > 100);
  });

  it("has no field without a value", () => {
    const { plan } = loadPlan({ path: ROUTED });
    const undefinedFields = partsOf(plan).flatMap((part) =>
      Object.entries(part).flatMap(([name, value]) => (value === undefined ? [name] : [])),
    );
    assert.deepEqual(undefinedFields, []);
  });

  it("names a listener without a name by a random UUID of its own", () => {
    const text = `
static_resources:
  listeners:
  - &l
    address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
    filter_chains:
    - filters:
      - name: h
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: s
          route_config: {}
          http_filters: [ { name: r, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router } } ]
  - *l
`;
    const names = loadPlan({ file: "f", text }).plan?.listeners.map(({ name }) => name) ?? [];
    assert.equal(new Set(names).size, 2);
    for (const name of names) assert.match(name, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  it("has the node of the flags where they say one, else of the file", () => {
    const text = "node: { id: i, cluster: c, locality: { region: r, zone: z } }";
    const silent = loadPlan({ file: "f", text }).plan?.node;
    const said = loadPlan({ file: "f", text }, { serviceNode: "si", serviceCluster: "sc", serviceZone: "sz" }).plan
      ?.node;
    const rest = { region: "r", subZone: "", metadata: {} };
    assert.deepEqual(silent, { id: "i", cluster: "c", zone: "z", ...rest });
    assert.deepEqual(said, { id: "si", cluster: "sc", zone: "sz", ...rest });
  });

  it("is given with the checked message it came from, and neither when there is an error", () => {
    const good = loadPlan({ file: "f", text: "stats_flush_interval: 1s" });
    const bad = loadPlan({ file: "f", text: "admin: { address: { socket_address: { address: x, port_value: 1 } } }" });
    assert.equal(good.message?.type, "envoy.config.bootstrap.v3.Bootstrap");
    assert.deepEqual([bad.plan, bad.message, bad.errors.length], [null, null, 1]);
  });
});

describe("a file that serves what another one took", () => {
  const manager =
    '{ name: h, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager, ' +
    "stat_prefix: s, route_config: {}, http_filters: [ { name: r, typed_config: { " +
    '"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router } } ] } }';
  const listener = (name: string, port: number, match: string): string =>
    `  - { name: ${name}, address: { socket_address: { address: 127.0.0.1, port_value: ${port} } }, filter_chains: [ ` +
    `{ name: one, filter_chain_match: { server_names: [a.com, b.com] }, filters: [ ${manager} ] }, ` +
    `{ name: two, filter_chain_match: ${match}, filters: [ ${manager} ] } ] }`;
  const errorsOf = (...listeners: string[]): string[] =>
    loadPlan({ file: "f", text: `static_resources:\n  listeners:\n${listeners.join("\n")}\n` }).errors.map(
      ({ message }) => message,
    );

  it("is refused for an address that an earlier listener has, but not for port 0", () => {
    const other = "{ server_names: [c.com] }";
    assert.deepEqual(errorsOf(listener("l", 80, other), listener("m", 80, other)), [
      "error adding listener: 'm' has duplicate address '127.0.0.1:80' as existing listener",
    ]);
    assert.deepEqual(errorsOf(listener("l", 0, other), listener("m", 0, other)), []);
  });

  it("is refused for a filter chain that matches what an earlier one does", () => {
    assert.deepEqual(errorsOf(listener("l", 80, "{ server_names: [a.com, b.com] }")), [
      "filter chain 'two' has the same matching rules defined as 'one'.",
    ]);
    assert.deepEqual(errorsOf(listener("l", 80, "{ server_names: [B.com] }")), [
      "multiple filter chains with overlapping matching rules are defined",
    ]);
    assert.deepEqual(errorsOf(listener("l", 80, "{ server_names: [a.com, b.com], transport_protocol: tls }")), []);
  });

  it("serves the later of two listeners of one name, with a warning", () => {
    const both = `static_resources:\n  listeners:\n${listener("l", 80, "{}")}\n${listener("l", 81, "{}")}\n`;
    const { plan, warnings } = loadPlan({ file: "f", text: both });
    const ports = plan?.listeners.map(({ address }) => (address.kind === "socket" ? address.port : 0));
    assert.deepEqual(ports, [81]);
    assert.deepEqual(
      warnings.map(({ message }) => message),
      ["listener 'l' is not served: a later one has the same name"],
    );
  });
});

describe("diagnostics", () => {
  const at = (file: string, line: number, column: number, message: string) => ({
    file,
    line,
    column,
    path: "p",
    message,
  });

  it("come by file, line and column, each once, in the order they were said at one place", () => {
    const given = [at("b", 1, 1, "x"), at("a", 2, 1, "y"), at("a", 1, 9, "z"), at("a", 1, 9, "w"), at("a", 2, 1, "y")];
    assert.deepEqual(
      inFileOrder(given).map(({ message }) => message),
      ["z", "w", "y", "x"],
    );
  });
});

describe("deepFreeze", () => {
  it("leaves bytes alone, which cannot be frozen", () => {
    const frozen = deepFreeze({ list: [{ a: 1 }], bytes: new Uint8Array([1]) });
    assert.ok(Object.isFrozen(frozen.list[0]));
    assert.equal(frozen.bytes[0], 1);
  });
});

function partsOf(value: unknown): object[] {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return [];
  return [value, ...Object.values(value).flatMap(partsOf)];
}
