import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { AddressPlan } from "../../../src/config/plan/address.ts";
import { connectionCounts } from "../../../src/control/load/connection-counts.ts";
import { type Json, type NodeShare, readShares, sharesJson } from "../../../src/control/load/node-shares.ts";

const COUNT = fc.nat({ max: 2 ** 31 });
const COUNTS = { success: COUNT, error: COUNT, issued: COUNT, inProgress: COUNT };
const ADDRESS: fc.Arbitrary<AddressPlan> = fc.oneof(
  fc.record({
    kind: fc.constant("socket"),
    host: fc.oneof(fc.ipV4(), fc.ipV6()),
    port: fc.nat(65_535),
    ipv4Compat: fc.constant(false),
  }),
  fc.record({ kind: fc.constant("pipe"), path: fc.constantFrom("/run/a:80.sock", "@abstract"), mode: fc.constant(0) }),
) as fc.Arbitrary<AddressPlan>;
const LOCALITY = fc.record({
  locality: fc.record({ region: fc.string(), zone: fc.string(), subZone: fc.string() }),
  priority: fc.nat(127),
  ...COUNTS,
  connections: fc.tuple(COUNT, COUNT, COUNT).map((counts) => connectionCounts(...counts)),
  endpoints: fc.uniqueArray(fc.record({ address: ADDRESS, ...COUNTS }), {
    maxLength: 4,
    selector: ({ address }) => JSON.stringify(address),
  }),
});
const SHARE: fc.Arbitrary<NodeShare> = fc.record({
  node: fc.string(),
  instance: fc.string({ minLength: 1 }),
  sequence: COUNT,
  clusters: fc.array(
    fc.record({
      cluster: fc.string({ minLength: 1 }),
      serviceName: fc.string(),
      localities: fc.array(LOCALITY, { maxLength: 3 }),
      droppedTotal: COUNT,
      dropped: fc.constantFrom([], [{ category: "lb", count: 3 }]),
    }),
    { maxLength: 3 },
  ),
});

describe("shares of nodes in a report's metadata", () => {
  it("come out as they went in", () => {
    fc.assert(
      fc.property(fc.array(SHARE, { maxLength: 3 }), (shares) => {
        assert.deepEqual(readShares(JSON.parse(JSON.stringify(sharesJson(shares))) as Json), structuredClone(shares));
      }),
    );
  });

  it("leave out what is nothing", () => {
    const quiet = { success: 1, error: 0, issued: 0, inProgress: 0 };
    const locality = { region: "", zone: "z", subZone: "" };
    const clusters = [
      {
        cluster: "c",
        serviceName: "",
        localities: [{ locality, priority: 0, ...quiet, connections: null, endpoints: [] }],
        droppedTotal: 0,
        dropped: [],
      },
    ];
    assert.deepEqual(sharesJson([{ node: "a", instance: "i", sequence: 7, clusters }]), [
      { node: "a", instance: "i", sequence: 7, clusters: [{ cluster: "c", localities: [{ zone: "z", success: 1 }] }] },
    ]);
  });

  it("tell connections of a locality where there are some", () => {
    const locality = { zone: "z", success: 1, cx_total: 5, cx_connect_fail: 2, cx_active: 3 };
    const value = [{ node: "a", instance: "i", sequence: 7, clusters: [{ cluster: "c", localities: [locality] }] }];
    const shares = readShares(value);
    assert.deepEqual(shares?.[0]?.clusters[0]?.localities[0]?.connections, { opened: 5, failed: 2, active: 3 });
    assert.deepEqual(sharesJson(shares), value);
  });

  it("are none when anything in them is wrong, whatever it is", () => {
    const wrong: Json[] = [
      null,
      {},
      [1],
      [{ node: "a", instance: "", sequence: 1 }],
      [{ node: "a", instance: "i", sequence: -1 }],
      [{ node: "a", instance: "i", sequence: 1.5 }],
      [{ node: "a", instance: "i", sequence: 1, clusters: [{}] }],
      [{ node: "a", instance: "i", sequence: 1, clusters: [{ cluster: "c", dropped: { lb: "3" } }] }],
      [{ node: "a", instance: "i", sequence: 1, clusters: [{ cluster: "c", localities: [{ success: Number.NaN }] }] }],
      [{ node: "a", instance: "i", sequence: 1, clusters: [{ cluster: "c", localities: [{ cx_total: -1 }] }] }],
      [
        {
          node: "a",
          instance: "i",
          sequence: 1,
          clusters: [{ cluster: "c", localities: [{ endpoints: { a: [1] } }] }],
        },
      ],
    ];
    for (const value of wrong) assert.equal(readShares(value), null, JSON.stringify(value));
    fc.assert(fc.property(fc.jsonValue(), (value) => void readShares(value as Json)));
  });
});
