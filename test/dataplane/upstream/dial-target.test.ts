import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ClusterPlan } from "../../../src/config/plan/cluster.ts";
import type { UpstreamTlsPlan } from "../../../src/config/plan/tls.ts";
import { DialTargets, serverNameOf } from "../../../src/dataplane/upstream/dial-target.ts";
import { clusterPlan, endpoint, loopback, upstreamTls } from "../../support/cluster-plans.ts";
import { UpstreamBench } from "./support/upstream-bench.ts";

const validation = {
  trustedCaPem: "CA",
  trustedCaFile: "",
  crlPem: "",
  subjectAltNames: [],
  certificateHashes: [],
  spkiHashes: [],
  acceptUntrusted: false,
  depthMax: Number.POSITIVE_INFINITY,
};

function targets(tls: Partial<UpstreamTlsPlan>, more: Partial<ClusterPlan> = {}): DialTargets {
  return new DialTargets(clusterPlan("c", [], { tls: { ...upstreamTls, ...tls }, ...more }));
}

describe("dial target", () => {
  const NAMES: readonly {
    name: string;
    tls?: Partial<UpstreamTlsPlan>;
    plan?: Partial<ClusterPlan>;
    expected: string;
  }[] = [
    { name: "none when nothing says one", expected: "" },
    { name: "sni", tls: { sni: "fixed.example" }, expected: "fixed.example" },
    {
      name: "the endpoint's hostname with auto_host_sni",
      tls: { sni: "f", autoHostSni: true },
      expected: "host.example",
    },
    {
      name: "the request's host with auto_sni",
      tls: { sni: "f", autoHostSni: true },
      plan: { autoSni: true },
      expected: "asked.example",
    },
  ];
  for (const { name, tls = {}, plan = {}, expected } of NAMES) {
    it(`has for its server name ${name}`, () => {
      const { serverName } = targets(tls, plan).target(loopback(1), "host.example", "asked.example", "http1");
      assert.equal(serverName, expected);
    });
  }

  it("offers the configured protocols, else those of the pool", () => {
    const alpn = (of: DialTargets, protocol: "http1" | "http2" | "alpn") =>
      of.target(loopback(1), "", "", protocol).tls?.alpn;
    assert.deepEqual(alpn(targets({ alpn: ["custom"] }), "http2"), ["custom"]);
    assert.deepEqual(alpn(targets({}), "http1"), ["http/1.1"]);
    assert.deepEqual(alpn(targets({}), "http2"), ["h2"]);
    assert.deepEqual(alpn(targets({}), "alpn"), ["h2", "http/1.1"]);
  });

  it("asks the certificate for the server name with auto_san_validation", () => {
    const made = targets({ sni: "fixed.example", validation }, { autoSanValidation: true });
    assert.deepEqual(made.target(loopback(1), "", "", "http1").tls?.validation?.subjectAltNames, [
      { type: "dns", text: { kind: "exact", value: "fixed.example", ignoreCase: false } },
    ]);
  });

  it("has one TLS plan for all pools that need the same", () => {
    const made = targets({ sni: "f" });
    const first = made.target(loopback(1), "", "", "http1").tls;
    assert.equal(made.target(loopback(2), "", "", "http1").tls, first);
    assert.notEqual(made.target(loopback(1), "", "", "http2").tls, first);
  });

  it("takes no IP address and no port for a server name", () => {
    const rows = [
      ["a.example:8443", "a.example"],
      ["A.Example", "a.example"],
      ["10.0.0.1:80", ""],
      ["[::1]:80", ""],
      ["", ""],
    ] as const;
    for (const [authority, expected] of rows) assert.equal(serverNameOf(authority), expected);
  });

  it("keeps connections of different names apart with auto_sni, and forgets the pools of names that nobody uses", () => {
    const plan = clusterPlan("c", [endpoint(80)], { tls: upstreamTls, autoSni: true });
    const b = new UpstreamBench([plan]);
    for (const host of ["a.example", "b.example", "a.example:443"]) {
      const request = b.open({ authority: () => host });
      if (request.outcome === "waiting") b.dialer.last().connect("");
      for (const codec of b.codecs.made) while (codec.openExchanges() > 0) codec.finish();
    }
    assert.deepEqual(
      b.dialer.targets.map(({ serverName }) => serverName),
      ["a.example", "b.example"],
    );
    b.clock.advanceMs(3_700_000);
    b.assertClean();
  });
});
