import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { portOf, startTestNode } from "../support/nodes.ts";
import { RawClient } from "../support/raw-client.ts";
import { survivors } from "../support/survivors.ts";

let node: RunningNode;

/** Answers 200 here, so many times an hour. */
function limitedPlan(tokens: number, body: string = "ok"): Plan {
  const types = "type.googleapis.com/envoy.extensions.filters";
  const always = { default_value: { numerator: 100 } };
  const limit = {
    "@type": `${types}.http.local_ratelimit.v3.LocalRateLimit`,
    stat_prefix: "limit",
    token_bucket: { max_tokens: tokens, fill_interval: "3600s" },
    filter_enabled: always,
    filter_enforced: always,
  };
  const route = { match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: body } } };
  const manager = {
    "@type": `${types}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "main",
    route_config: { name: "r", virtual_hosts: [{ name: "v", domains: ["*"], routes: [route] }] },
    http_filters: [
      { name: "limit", typed_config: limit },
      { name: "router", typed_config: { "@type": `${types}.http.router.v3.Router` } },
    ],
  };
  const listener = {
    name: "a",
    address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
    filter_chains: [{ filters: [{ name: "hcm", typed_config: manager }] }],
  };
  const { plan, errors } = loadPlan({
    text: JSON.stringify({ static_resources: { listeners: [listener] } }),
    file: "t.yaml",
  });
  assert.ok(plan !== null, JSON.stringify(errors));
  return plan;
}

/** Statuses of so many requests, spread over the clients, which all ask at once. */
async function statuses(clients: readonly RawClient[], each: number): Promise<readonly string[]> {
  const found = await Promise.all(
    clients.map(async (client) => {
      const own: string[] = [];
      for (let i = 0; i < each; i++) own.push((await client.get("/")).slice(9, 12));
      return own;
    }),
  );
  return found.flat();
}

function stat(name: string): number {
  return new StatsReader(node.view.stats).value(`limit.http_local_rate_limit.${name}`);
}

function passed(answers: readonly string[]): number {
  return answers.filter((status) => status === "200").length;
}

describe("a token bucket of a node with two workers", () => {
  afterEach(() => node.stop());

  it("gives each token once: over connections of all workers, over the death of one, over a reload", async () => {
    node = await startTestNode(limitedPlan(500), { flags: ["--concurrency", "2"], policy: { backOffBaseMs: 1 } });
    const clients = await Promise.all(Array.from({ length: 24 }, () => RawClient.open(portOf(node))));
    assert.equal(passed(await statuses(clients, 15)), 360);
    node.supervisor.misbehave(0, "exit");
    const rest = await survivors(node, clients, 0);
    assert.equal(passed(await statuses(rest, 2)), 2 * rest.length);
    const [listener] = limitedPlan(500, "other").listeners;
    const { plan } = node.supervisor;
    await node.supervisor.rollOut.take({
      ...plan,
      listeners: plan.listeners.map((old) => ({ ...old, filterChains: listener?.filterChains ?? [] })),
    });
    assert.match((await rest[0]?.get("/")) ?? "", /other$/);
    const left = 500 - 361 - 2 * rest.length;
    // Enough for whoever is left, which the kernel decides.
    const each = Math.ceil((2 * left) / rest.length);
    assert.equal(passed(await statuses(rest, each)), left);
    assert.equal(stat("ok"), 500);
    assert.equal(stat("enforced"), each * rest.length - left);
    for (const client of clients) client.end();
  });
});
