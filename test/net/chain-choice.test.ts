import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { FilterChainMatchPlan } from "../../src/config/plan/listener.ts";
import {
  type ConnectionFacts,
  choiceNeedsAddresses,
  choiceNeedsHello,
  chooseChain,
  serverNameKeys,
} from "../../src/net/chain-choice.ts";
import { chainPlan } from "../support/net-peers.ts";
import { chains, serverTls } from "../support/tls-plans.ts";

const FACTS: ConnectionFacts = {
  destinationPort: 443,
  destination: "192.0.2.1",
  source: "10.1.2.3",
  sourcePort: 5000,
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
    [
      "prefers the narrowest network of the destination, even to a name",
      [
        chain("name", { serverNames: ["a.b.example"] }),
        chain("wide", { destinationNetworks: ["192.0.0.0/8"] }),
        chain("narrow", { destinationNetworks: ["198.51.100.0/24", "192.0.2.0/24"] }),
      ],
      {},
      "narrow",
    ],
    [
      "takes a protocol over where the client is",
      [chain("near", { directSourceNetworks: ["10.1.2.3/32"] }), chain("h2", { applicationProtocols: ["h2"] })],
      {},
      "h2",
    ],
    [
      "takes the peer's network, and does not go back from it",
      [
        chain("direct", { directSourceNetworks: ["10.0.0.0/8"], sourcePorts: [1] }),
        chain("source", { sourceNetworks: ["10.1.2.3/32"] }),
      ],
      {},
      null,
    ],
    [
      "takes external for a peer elsewhere over its network",
      [
        chain("source", { sourceNetworks: ["10.1.2.3/32"] }),
        chain("local", { sourceType: "local" }),
        chain("external", { sourceType: "external" }),
      ],
      {},
      "external",
    ],
    [
      "takes local for loopback",
      [chain("any"), chain("local", { sourceType: "local" }), chain("external", { sourceType: "external" })],
      { source: "::ffff:127.0.0.1" },
      "local",
    ],
    [
      "takes local for the same address",
      [chain("any"), chain("local", { sourceType: "local" })],
      { source: "192.0.2.1", destination: "::ffff:192.0.2.1" },
      "local",
    ],
    [
      "takes another loopback address for external",
      [chain("any", { sourceType: "external" })],
      { source: "127.0.0.2" },
      "any",
    ],
    [
      "prefers the narrowest source, then its port",
      [
        chain("wide", { sourceNetworks: ["10.0.0.0/8"], sourcePorts: [5000] }),
        chain("narrow", { sourceNetworks: ["10.1.2.0/24"] }),
        chain("port", { sourceNetworks: ["10.1.2.0/24"], sourcePorts: [4999, 5000] }),
      ],
      {},
      "port",
    ],
    [
      "has no network for a unix socket, which is local",
      [chain("network", { destinationNetworks: ["0.0.0.0/0"] }), chain("local", { sourceType: "local" })],
      { source: "", destination: "", sourcePort: 0 },
      "local",
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

  it("needs the addresses only when something depends on them", () => {
    assert.equal(choiceNeedsAddresses(chains(chain("a", { destinationPort: 80, serverNames: ["a"] }))), false);
    assert.equal(choiceNeedsAddresses(chains(chain("a"), chain("b", { sourceNetworks: ["10.0.0.0/8"] }))), true);
    assert.equal(choiceNeedsAddresses(chains(chain("a", { sourceType: "local" }))), true);
    assert.equal(choiceNeedsAddresses(chains(chain("a", { sourcePorts: [1] }))), true);
  });

  it("matches a name by itself and by its wildcards", () => {
    assert.deepEqual(serverNameKeys("a.b.example"), ["a.b.example", "*.b.example", "*.example"]);
    assert.deepEqual(serverNameKeys(""), []);
  });
});
