// starling.split in a route's metadata: what it may say, and where.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { loadPlan } from "../../../src/config/compile/load-plan.ts";
import { managerFilter } from "../../support/proxy-file.ts";

const HASHED = { cluster: "c", hash_policy: [{ header: { header_name: "x" } }] };

function said(metadata: unknown, action: unknown): string[] {
  const route = { match: { prefix: "/" }, metadata: { filter_metadata: metadata }, ...(action as object) };
  const manager = managerFilter({
    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes: [route] }] },
  });
  const address = { socket_address: { address: "127.0.0.1", port_value: 0 } };
  const file = {
    static_resources: {
      listeners: [{ name: "l", address, filter_chains: [{ filters: [manager] }] }],
      clusters: [{ name: "c" }],
    },
  };
  const { errors, warnings } = loadPlan({ text: JSON.stringify(file), file: "f" });
  return [...errors, ...warnings].map(({ message }) => message);
}

const SAYS = "starling.split says sticky: true or sticky: false, and nothing else";
const NEEDS = "starling.split: a sticky route needs a hash_policy in its route: that is what its users are known by";

const CASES: readonly (readonly [name: string, metadata: unknown, action: unknown, said: readonly string[]])[] = [
  ["sticky with a hash policy", { "starling.split": { sticky: true } }, { route: HASHED }, []],
  ["not sticky", { "starling.split": { sticky: false } }, { route: { cluster: "c" } }, []],
  ["sticky without a hash policy", { "starling.split": { sticky: true } }, { route: { cluster: "c" } }, [NEEDS]],
  [
    "sticky where nothing is forwarded",
    { "starling.split": { sticky: true } },
    { direct_response: { status: 200 } },
    [NEEDS],
  ],
  ["a word that is not known", { "starling.split": { stick: true } }, { route: HASHED }, [SAYS]],
  ["no truth value", { "starling.split": { sticky: "yes" } }, { route: HASHED }, [SAYS]],
  ["what belongs to others", { "starling.split": { sticky: true }, mine: {} }, { route: HASHED }, []],
];

describe("starling.split in a route's metadata", () => {
  for (const [name, metadata, action, expected] of CASES) {
    it(`may hold ${name}, or it is said what is wrong`, () => assert.deepEqual(said(metadata, action), expected));
  }
});
