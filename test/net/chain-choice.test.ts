import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { FilterChainMatchPlan } from "../../src/config/plan/listener.ts";
import { type ConnectionFacts, choiceNeedsHello, chooseChain, serverNameKeys } from "../../src/net/chain-choice.ts";
import { chainPlan } from "../support/net-peers.ts";
import { chains, serverTls } from "../support/tls-plans.ts";

const FACTS: ConnectionFacts = {
  destinationPort: 443,
  serverName: "a.b.example",
  transportProtocol: "tls",
  applicationProtocols: ["h2", "http/1.1"],
};

const chain = (name: string, match: Partial<FilterChainMatchPlan> = {}): ReturnType<typeof chainPlan> =>
  chainPlan({ name, match: { ...chainPlan().match, ...match } });

describe("the choice of a filter chain", () => {
  const rows: readonly [string, readonly ReturnType<typeof chainPlan>[], Partial<ConnectionFacts>, string | null][] = [
    ["takes the only one", [chain("only")], {}, "only"],
    ["prefers the destination port", [chain("any"), chain("port", { destinationPort: 443 })], {}, "port"],
    ["falls back to any port", [chain("port", { destinationPort: 80 }), chain("any")], {}, "any"],
    [
      "prefers the exact name, then the longest wildcard, then none",
      [chain("none"), chain("short", { serverNames: ["*.example"] }), chain("long", { serverNames: ["*.b.example"] })],
      {},
      "long",
    ],
    [
      "takes a name over a transport protocol",
      [chain("tls", { transportProtocol: "tls" }), chain("name", { serverNames: ["a.b.example"] })],
      {},
      "name",
    ],
    [
      "takes cleartext for cleartext",
      [chain("tls", { transportProtocol: "tls" }), chain("raw", { transportProtocol: "raw_buffer" })],
      { transportProtocol: "raw_buffer" },
      "raw",
    ],
    [
      "takes the client's first protocol that is known",
      [chain("h1", { applicationProtocols: ["http/1.1"] }), chain("h2", { applicationProtocols: ["h2"] })],
      {},
      "h2",
    ],
    [
      "does not go back from a more specific level",
      [chain("name", { serverNames: ["a.b.example"], transportProtocol: "raw_buffer" }), chain("any")],
      {},
      null,
    ],
    ["finds nothing when nothing matches", [chain("name", { serverNames: ["other.example"] })], {}, null],
  ];
  for (const [title, filterChains, facts, expected] of rows) {
    it(title, () => {
      assert.equal(chooseChain(chains(...filterChains), { ...FACTS, ...facts })?.name ?? null, expected);
    });
  }

  it("takes the default chain when nothing matches", () => {
    const plan = { ...chains(chain("name", { serverNames: ["other.example"] })), defaultFilterChain: chain("default") };
    assert.equal(chooseChain(plan, FACTS)?.name, "default");
  });

  it("needs the ClientHello only when something depends on it", () => {
    assert.equal(choiceNeedsHello(chains(chain("a"), chain("b", { destinationPort: 80 }))), false);
    assert.equal(choiceNeedsHello(chains(chainPlan({ tls: serverTls({ alpn: ["h2", "http/1.1"] }) }))), false);
    assert.equal(choiceNeedsHello(chains(chainPlan({ tls: serverTls({ alpn: ["h2"] }) }))), true);
    assert.equal(choiceNeedsHello(chains(chain("a", { serverNames: ["a.example"] }))), true);
    assert.equal(choiceNeedsHello(chains(chain("a", { transportProtocol: "tls" }))), true);
    assert.equal(choiceNeedsHello(chains(chain("a", { applicationProtocols: ["h2"] }))), true);
  });

  it("matches a name by itself and by its wildcards", () => {
    assert.deepEqual(serverNameKeys("a.b.example"), ["a.b.example", "*.b.example", "*.example"]);
    assert.deepEqual(serverNameKeys(""), []);
  });
});
