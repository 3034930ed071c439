// Which nodes check alike, and what is one endpoint: by hashes.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ClusterPlan, EndpointPlan } from "../../../../src/config/plan/cluster.ts";
import { type HealthCheckPlan, NO_ENDPOINT_CHECK } from "../../../../src/config/plan/health-check.ts";
import { groupHash, targetHash } from "../../../../src/control/health/mesh/group-hash.ts";
import { endpoint } from "../../../support/cluster-plans.ts";
import { clientTls, validation } from "../../../support/tls-plans.ts";
import { checkedCluster, httpCheck, numbered } from "../health-simulation.ts";

const CHECK = httpCheck();
const PLAN = checkedCluster("c", [CHECK]);
const { checker: HTTP } = CHECK;
assert.ok(HTTP.kind === "http");

describe("the hash of a group", () => {
  it("is 64 bits in hex, and the same for the same file", () => {
    assert.match(groupHash(PLAN), /^[0-9a-f]{16}$/);
    assert.equal(groupHash(structuredClone(PLAN)), groupHash(PLAN));
    assert.equal(groupHash({ ...PLAN }), groupHash(Object.fromEntries(Object.entries(PLAN).reverse()) as never));
  });

  const differences: Readonly<Record<string, ClusterPlan>> = {
    "the name, which is the authority of its checks": { ...PLAN, name: "d" },
    "a source address": { ...PLAN, bindAddress: "192.0.2.7" },
    "a codec limit": { ...PLAN, http: { ...PLAN.http, http1: { ...PLAN.http.http1, headersCountMax: 7 } } },
    "TLS at all": { ...PLAN, tls: clientTls() },
    "a server name": { ...PLAN, tls: { ...clientTls(), sni: "other" } },
    "a second check": checkedCluster("c", [CHECK, httpCheck({ name: "b" })]),
    "a timeout": withCheck({ timeoutMs: 501 }),
    "an interval": withCheck({ unhealthyEdgeIntervalMs: 1_001 }),
    "an interval's jitter": withCheck({ intervalJitterPercent: 1 }),
    "a threshold": withCheck({ healthyThreshold: 3 }),
    "connections that are used again": withCheck({ reuseConnection: false }),
    "a port": withCheck({ altPort: 9 }),
    "an ALPN protocol": withCheck({ alpn: ["h2"] }),
    "a path": withCheck({ checker: { ...HTTP, path: "/other" } }),
    "a body": withCheck({ checker: { ...HTTP, send: new Uint8Array([1]) } }),
    "bytes that are expected": withCheck({ checker: { ...HTTP, receive: [new Uint8Array([1, 0])] } }),
    "how much of an answer is looked at": withCheck({
      checker: { ...HTTP, responseBytesMax: Number.POSITIVE_INFINITY },
    }),
    "a status": withCheck({ checker: { ...HTTP, expectedStatuses: [{ start: 200, end: 300 }] } }),
    "a kind": withCheck({ checker: { kind: "tcp", send: new Uint8Array(), receive: [] } }),
  };
  for (const [what, plan] of Object.entries(differences)) {
    it(`is another one with another difference: ${what}`, () => {
      assert.notEqual(groupHash(plan), groupHash(PLAN));
    });
  }

  it("is another one for each of these differences", () => {
    const hashes = new Set(Object.values(differences).map(groupHash));
    assert.equal(hashes.size, Object.keys(differences).length);
  });

  it("does not look at what no probe shows: names of counters, logs, balancing", () => {
    const named = withCheck({
      name: "x",
      eventLogPaths: ["/var/log/a"],
      alwaysLogFailures: true,
      alwaysLogSuccess: true,
    });
    const balanced: ClusterPlan = { ...PLAN, statName: "s", balancer: { kind: "random" }, connectTimeoutMs: 1 };
    assert.deepEqual([groupHash(named), groupHash(balanced)], [groupHash(PLAN), groupHash(PLAN)]);
  });

  it("takes a client certificate by its path, so that each machine may have its own, and one in the file as it is", () => {
    const own = certified("/etc/cert.pem", "a");
    assert.equal(groupHash(certified("/etc/cert.pem", "b")), groupHash(own));
    assert.notEqual(groupHash(certified("/etc/other.pem", "a")), groupHash(own));
    assert.notEqual(groupHash(certified("<inline>", "a")), groupHash(certified("<inline>", "b")));
  });

  it("takes authorities that are watched by their path, so that machines may be given new ones one after the other", () => {
    assert.equal(groupHash(trusting("/etc/ca.pem", "b")), groupHash(trusting("/etc/ca.pem", "a")));
    assert.notEqual(groupHash(trusting("/etc/other.pem", "a")), groupHash(trusting("/etc/ca.pem", "a")));
    assert.notEqual(groupHash(trusting("", "a")), groupHash(trusting("", "b")));
  });
});

describe("the hash of a target", () => {
  it("is 64 bits in hex, the same on every node and in every slot", () => {
    assert.match(hashOf(endpoint(80)), /^[0-9a-f]{16}$/);
    assert.equal(targetHash(numbered(far({}), 1), "a"), targetHash(numbered(far({ weight: 3 }), 2), "b"));
  });

  const ways: Readonly<Record<string, EndpointPlan>> = {
    address: far({ address: { kind: "socket", host: "192.0.2.2", port: 80, ipv4Compat: false } }),
    port: far({ address: { kind: "socket", host: "192.0.2.1", port: 81, ipv4Compat: false } }),
    "address of its check": far({ check: { ...NO_ENDPOINT_CHECK, address: "192.0.2.9" } }),
    "port of its check": far({ check: { ...NO_ENDPOINT_CHECK, port: 9 } }),
    "host name of its check": far({ check: { ...NO_ENDPOINT_CHECK, hostname: "a" } }),
    "host name": far({ hostname: "a" }),
  };
  for (const [what, plan] of Object.entries(ways)) {
    it(`is another one with another ${what}`, () => {
      assert.notEqual(hashOf(plan), hashOf(far({})));
    });
  }

  for (const host of ["127.0.0.1", "127.8.0.1", "::1", "0.0.0.0", "fe80::1", "169.254.1.1"]) {
    it(`tells ${host} of one machine from that of another`, () => {
      const near = numbered(far({ address: { kind: "socket", host, port: 80, ipv4Compat: false } }), 0);
      assert.notEqual(targetHash(near, "a"), targetHash(near, "b"));
    });
  }

  it("tells a socket file of one machine from that of another, and an endpoint checked over loopback", () => {
    const file = numbered(far({ address: { kind: "pipe", path: "/run/a.sock", mode: 0 } }), 0);
    const side = numbered(far({ check: { ...NO_ENDPOINT_CHECK, address: "127.0.0.1" } }), 0);
    assert.notEqual(targetHash(file, "a"), targetHash(file, "b"));
    assert.notEqual(targetHash(side, "a"), targetHash(side, "b"));
  });
});

function withCheck(more: Partial<HealthCheckPlan>): ClusterPlan {
  return checkedCluster("c", [httpCheck(more)]);
}

function certified(source: string, chainPem: string): ClusterPlan {
  const certificate = { chainPem, keyPem: "", password: "", names: [], source, files: null };
  return { ...PLAN, tls: { ...clientTls(), certificates: [certificate] } };
}

function trusting(trustedCaFile: string, trustedCaPem: string): ClusterPlan {
  return { ...PLAN, tls: { ...clientTls(), validation: validation({ trustedCaFile, trustedCaPem }) } };
}

function far(more: Partial<EndpointPlan>): EndpointPlan {
  return endpoint(80, { address: { kind: "socket", host: "192.0.2.1", port: 80, ipv4Compat: false }, ...more });
}

function hashOf(plan: EndpointPlan): string {
  return targetHash(numbered(plan, 0), "here");
}
