// What a node's file announces to the mesh, and clusters that take what is announced.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { extension, FAR, LOCAL, loadMesh } from "../../support/mesh-file.ts";

const WHERE = "bootstrap_extensions[0].typed_config";
const SERVERS = `servers: ["${LOCAL}"]`;
const CLUSTER = `
static_resources:
  clusters:
  - name: orders
    cluster_type:
      name: starling.clusters.mesh
      typed_config: { "@type": type.googleapis.com/starling.mesh.v1.MeshCluster, service_name: shop.orders }
`;

/** An extension that announces these, each written in braces. */
function announcing(...items: string[]): string {
  return extension(SERVERS, "announce:", ...items.map((item) => `- { service_name: s, ${item} }`));
}

describe("the endpoints that a node announces", () => {
  it("are those of its file by service, each address in its shortest form", () => {
    const { plan, errors, warnings } = loadMesh(
      extension(
        SERVERS,
        "announce:",
        "- { service_name: b, address: 10.0.0.1, port: 80 }",
        "- { service_name: a, address: '2001:DB8:0::1', port: 443, weight: 3, locality: { region: r, sub_zone: s } }",
        "- { service_name: b, address: 10.0.0.1, port: 81, metadata: { filter_metadata: { envoy.lb: { canary: true } } } }",
      ),
    );
    assert.deepEqual([errors, warnings], [[], []]);
    const plain = { weight: 1, locality: { region: "", zone: "", subZone: "" }, metadata: {} };
    const there = { region: "r", zone: "", subZone: "s" };
    assert.deepEqual(plan?.mesh?.announce, [
      {
        service: "b",
        endpoints: [
          { ...plain, host: "10.0.0.1", port: 80 },
          { ...plain, host: "10.0.0.1", port: 81, metadata: { "envoy.lb": { canary: true } } },
        ],
      },
      { service: "a", endpoints: [{ ...plain, host: "2001:db8::1", port: 443, weight: 3, locality: there }] },
    ]);
  });

  it("are where their node is, unless they say otherwise", () => {
    const file = announcing("address: 10.0.0.1, port: 80").replace(
      "id: front",
      "id: front, locality: { region: r, zone: z }",
    );
    const locality = { region: "r", zone: "z", subZone: "" };
    assert.deepEqual(loadMesh(file).plan?.mesh?.announce[0]?.endpoints[0]?.locality, locality);
  });

  it("are not announced without a mesh, with a warning", () => {
    const { plan, warnings } = loadMesh(extension("announce: { service_name: s, address: 10.0.0.1, port: 80 }"));
    assert.equal(plan?.mesh, null);
    assert.deepEqual(warnings, [`f:6:5 ${WHERE}.announce: is not used: no mesh is named (--mesh)`]);
  });

  const refused: readonly (readonly [string, readonly string[], string])[] = [
    ["a name for an address", ["address: localhost, port: 80"], "an announced address is an IP address, not a name"],
    ["the unspecified address", ["address: 0.0.0.0, port: 80"], "nobody can connect to an unspecified address"],
    [
      "a link's address",
      ["address: 169.254.169.254, port: 80"],
      "a link-local address means another host on each machine",
    ],
    [
      "an IPv6 link's address",
      ["address: 'fe80::1', port: 80"],
      "a link-local address means another host on each machine",
    ],
    ["a group's address", ["address: 'ff02::1', port: 80"], "nobody can connect to a multicast or reserved address"],
    ["no address", ["port: 80"], "may not be empty"],
    ["no port", ["address: 10.0.0.1"], "must be >= 1 and <= 65535, not 0"],
    ["a weight of nothing", ["address: 10.0.0.1, port: 80, weight: 0"], "must be >= 1 and <= 65535, not 0"],
    [
      "one address twice",
      ["address: '::1', port: 80", "address: '0:0::1', port: 80"],
      "::1 port 80 is announced for s already",
    ],
    [
      "more endpoints than a node may have",
      Array.from({ length: 34 }, (_, at) => `address: 10.0.0.1, port: ${at + 1}`),
      "a node announces at most 32 endpoints of a service",
    ],
    [
      "a locality that is too long",
      [`address: 10.0.0.1, port: 80, locality: { zone: ${"z".repeat(256)} }`],
      "a part of a locality has at most 255 bytes",
    ],
    [
      "too much metadata",
      [`address: 10.0.0.1, port: 80, metadata: { filter_metadata: { a: { b: ${"x".repeat(1_024)} } } }`],
      "the metadata has more than 1024 bytes as JSON",
    ],
  ];
  for (const [what, items, says] of refused) {
    it(`are refused with ${what}`, () => {
      const { errors } = loadMesh(announcing(...items));
      assert.deepEqual([errors.length, errors[0]?.includes(says)], [1, true], errors.join("\n"));
    });
  }

  it("are refused with a loopback address when the broker is on another machine", () => {
    const file = extension("announce: { service_name: s, address: '::1', port: 80 }");
    const says = "nodes on other machines would dial themselves: announce an address that they can reach";
    assert.deepEqual(loadMesh(file, FAR).errors, [`f:6:34 ${WHERE}.announce[0].address: ${says}`]);
    for (const mesh of ["embedded", "nats://localhost", "nats://[::1]:4222"]) {
      assert.deepEqual(loadMesh(file, { mesh }).errors, [], mesh);
    }
  });

  it("are refused when they are of more services than a node may announce", () => {
    const items = Array.from({ length: 65 }, (_, at) => `- { service_name: s${at}, address: 10.0.0.1, port: 80 }`);
    const says = `f:7:5 ${WHERE}.announce: a node announces at most 64 services`;
    assert.deepEqual(loadMesh(extension(SERVERS, "announce:", ...items)).errors, [says]);
  });
});

describe("a cluster whose endpoints are announced", () => {
  it("takes them in a mesh without a warning", () => {
    const { plan, warnings } = loadMesh(CLUSTER, { mesh: "embedded" });
    assert.deepEqual(plan?.clusters[0]?.discovery, { kind: "mesh", service: "shop.orders", endpoints: [] });
    assert.deepEqual(warnings, []);
  });

  it("has none without a mesh, and a warning that names it", () => {
    const says = "no mesh is named (--mesh): 'orders' has no endpoints, since nobody announces any";
    assert.deepEqual(loadMesh(CLUSTER).warnings, [`f:5:5 static_resources.clusters[0].cluster_type: ${says}`]);
  });
});
