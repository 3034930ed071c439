// Another configuration in a whole node: real threads and sockets.
import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { afterEach, beforeEach, describe, it } from "mocha";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { CheckedUpstream } from "../support/checked-upstream.ts";
import { freePort } from "../support/live-proxy.ts";
import { eventually, startTestNode } from "../support/nodes.ts";

interface File {
  readonly clusters?: readonly object[];
  readonly listeners?: readonly { readonly name?: string; readonly port?: number; readonly cluster?: string }[];
  readonly admin?: object;
  readonly log?: string;
}

let node: RunningNode;
let up: CheckedUpstream;
let other: CheckedUpstream;

/** A file of listeners that lead to one cluster each: by default one, to `up`. */
function plan({ clusters = [cluster("up", up)], listeners = [{}], admin, log }: File = {}): Plan {
  const text = JSON.stringify({
    ...(admin === undefined ? {} : { admin }),
    static_resources: { listeners: listeners.map((one) => listener({ ...one, log: log ?? "" })), clusters },
  });
  const { plan: made, errors } = loadPlan({ text, file: "test.yaml" });
  if (made === null) throw new Error(errors.map(({ message }) => message).join("\n"));
  return made;
}

function listener({
  name,
  port = 0,
  cluster: to = "up",
  log = "",
}: {
  name?: string;
  port?: number;
  cluster?: string;
  log?: string;
}) {
  const path = { "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog", path: log };
  return {
    ...(name === undefined ? {} : { name }),
    address: { socket_address: { address: "127.0.0.1", port_value: port } },
    filter_chains: [
      {
        filters: [
          {
            name: "hcm",
            typed_config: {
              "@type":
                "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
              stat_prefix: "main",
              ...(log === "" ? {} : { access_log: [{ name: "file", typed_config: path }] }),
              route_config: {
                virtual_hosts: [
                  { name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster: to } }] },
                ],
              },
              http_filters: [
                {
                  name: "router",
                  typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
                },
              ],
            },
          },
        ],
      },
    ],
  };
}

function cluster(name: string, upstream: CheckedUpstream, more: object = {}): object {
  const address = { socket_address: { address: "127.0.0.1", port_value: upstream.port } };
  return {
    name,
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    ...more,
  };
}

const CHECKED = {
  health_checks: [
    {
      timeout: "15s", // a check that is held fails by nothing else
      interval: "0.1s",
      no_traffic_interval: "0.1s",
      unhealthy_threshold: 1,
      healthy_threshold: 1,
      http_health_check: { path: "/hc" },
    },
  ],
};

const NAMED = { ...CHECKED, type: "STRICT_DNS" };

/** Takes a plan; answers what changed. */
async function take(next: Plan, bootstrap: unknown = {}): Promise<string> {
  const outcome = await node.reload.take({ plan: next, bootstrap });
  assert.ok(outcome.kind === "applied", JSON.stringify(outcome));
  return outcome.text;
}

async function refusal(next: Plan): Promise<readonly string[]> {
  const before = node.view.plan();
  const outcome = await node.reload.take({ plan: next, bootstrap: { refused: true } });
  assert.ok(outcome.kind === "refused", JSON.stringify(outcome));
  assert.equal(node.view.plan(), before);
  return outcome.errors;
}

function portOf(name: string): number {
  const address = node.view.plan().listeners.find((one) => one.name === name)?.address;
  return address?.kind === "socket" ? address.port : 0;
}

async function ask(port: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/`)).text();
}

function stat(name: string): number {
  for (const { notices } of node.view.stats.sources()) {
    const pages = notices.filter((notice) => notice.type === "page");
    const found = notices.find((notice) => notice.type === "stat" && notice.name === name);
    if (found?.type === "stat")
      return new Float64Array(pages[found.page]?.memory ?? new ArrayBuffer(0))[found.offset] ?? -1;
  }
  return -1;
}

describe("another configuration of a running node", () => {
  beforeEach(async () => {
    [up, other] = await Promise.all([CheckedUpstream.start("up"), CheckedUpstream.start("other")]);
  });

  afterEach(async () => {
    await node.stop();
    await Promise.all([up.stop(), other.stop()]);
  });

  it("serves new routes, clusters and listeners, and ends those that are gone", async () => {
    node = await startTestNode(plan({ listeners: [{ name: "a" }, { name: "b" }] }), { flags: ["--concurrency", "2"] });
    const [a, b] = [portOf("a"), portOf("b")];
    assert.equal(await ask(a), "up");
    const next = plan({
      clusters: [cluster("up", up, { connect_timeout: "3s" }), cluster("new", other)],
      listeners: [{ name: "a", cluster: "new" }, { name: "c" }],
    });
    assert.equal(
      await take(next, { file: 2 }),
      "clusters: 1 added (new), 1 changed (up); listeners: 1 added (c), 1 changed (a), 1 removed (b)",
    );
    assert.equal(portOf("a"), a);
    assert.equal(await ask(a), "other");
    await eventually(() =>
      ask(portOf("c")).then(
        (text) => text === "up",
        () => false,
      ),
    );
    await assert.rejects(ask(b));
    assert.deepEqual(node.view.bootstrap(), { file: 2 });
    const counted = ["added", "modified", "removed"].flatMap((what) => [
      stat(`cluster_manager.cluster_${what}`),
      stat(`listener_manager.listener_${what}`),
    ]);
    assert.deepEqual(counted, [2, 3, 1, 1, 0, 1]);
    assert.equal(
      await take(plan({ clusters: [cluster("up", up)], listeners: [{ name: "a" }] })),
      "clusters: 1 changed (up), 1 removed (new); listeners: 1 changed (a), 1 removed (c)",
    );
    assert.equal(await ask(a), "up");
    assert.equal(node.view.readiness().state, "LIVE");
  });

  it("has every thread forget the counters of clusters that are gone when it is told to", async () => {
    const both = [cluster("up", up, CHECKED), cluster("new", other, NAMED)];
    node = await startTestNode(plan({ clusters: both, listeners: [{ name: "a", cluster: "new" }] }));
    assert.equal(await ask(portOf("a")), "other");
    const writers = (): string[] =>
      node.view.stats
        .sources()
        .filter(({ notices }) =>
          notices.some((notice) => "prefix" in notice && notice.prefix.startsWith("cluster.new.")),
        )
        .map(({ writer }) => writer)
        .sort();
    // Threads tell of their counters by messages of their own.
    await eventually(() => writers().length >= 4);
    assert.deepEqual(writers(), ["discovery", "health-check", "listener-0", "main"]);
    await take(plan({ clusters: both.slice(0, 1), listeners: [{ name: "a" }] }));
    node.supervisor.forgetStats([{ prefix: "cluster.new.", except: [] }]);
    await eventually(() => writers().length === 0);
    assert.equal(await ask(portOf("a")), "up");
  });

  it("keeps the socket of an address that gets another listener, and of one that nobody named", async () => {
    node = await startTestNode(plan({ listeners: [{ name: "a" }] }));
    const port = portOf("a");
    const both = [cluster("up", up), cluster("new", other)];
    await take(plan({ clusters: both, listeners: [{ name: "z", port, cluster: "new" }] }));
    assert.equal(await ask(port), "other");
    await take(plan({ clusters: both, listeners: [{ port }] }));
    const [name] = node.view.plan().listeners.map((one) => one.name);
    await take(plan({ clusters: both, listeners: [{ port, cluster: "new" }] }));
    assert.deepEqual(
      node.view.plan().listeners.map((one) => one.name),
      [name],
    );
    assert.equal(await ask(port), "other");
    assert.equal(stat("listener_manager.listener_create_success"), 3);
  });

  it("moves a listener to another address", async () => {
    node = await startTestNode(plan({ listeners: [{ name: "a" }] }));
    const before = portOf("a");
    const port = await freePort();
    await take(plan({ listeners: [{ name: "a", port }] }));
    await eventually(() =>
      ask(port).then(
        (text) => text === "up",
        () => false,
      ),
    );
    await assert.rejects(ask(before));
  });

  it("lets routes follow when a cluster that is new has its names' answers and its first checks", async () => {
    // The threads that look up and check run already: routes wait two seconds and no longer.
    const [first, named] = [cluster("up", up, NAMED), cluster("new", other, NAMED)];
    node = await startTestNode(plan({ clusters: [first], listeners: [{ name: "a" }] }));
    other.answer = "hold";
    const next = plan({ clusters: [first, named], listeners: [{ name: "a", cluster: "new" }] });
    const taking = take(next);
    await eventually(() => other.probes > 0);
    assert.equal(await ask(portOf("a")), "up");
    other.release(200);
    await taking;
    assert.equal(await ask(portOf("a")), "other");
  });

  it("keeps the verdicts of endpoints that stay, whatever else changes in their cluster", async () => {
    up.answer = 503;
    const both = (more: object): Plan => {
      const made = cluster("up", up, { ...CHECKED, ...more }) as {
        load_assignment: { endpoints: { lb_endpoints: object[] }[] };
      };
      made.load_assignment.endpoints[0]?.lb_endpoints.push({
        endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: other.port } } },
      });
      return plan({ clusters: [made], listeners: [{ name: "a" }] });
    };
    node = await startTestNode(both({}));
    const flags = (): number[] =>
      (node.view.endpoints()[0]?.endpoints ?? []).map((facts) => node.view.healthFlags(facts));
    assert.deepEqual(
      flags().map((bits) => bits > 0),
      [true, false],
    );
    for (const more of [{ connect_timeout: "2s" }, { lb_policy: "RANDOM" }, { connect_timeout: "4s" }]) {
      await take(both(more));
      assert.deepEqual(
        flags().map((bits) => bits > 0),
        [true, false],
      );
      for (let i = 0; i < 5; i++) assert.equal(await ask(portOf("a")), "other");
    }
  });

  it("is refused, and nothing changes, when an address is another's, a log cannot be written, or only a restart would do", async () => {
    node = await startTestNode(plan({ listeners: [{ name: "a" }] }));
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as AddressInfo;
    assert.deepEqual(await refusal(plan({ listeners: [{ name: "a" }, { name: "b", port }] })), [
      `listener 'b': cannot bind '127.0.0.1:${port}': Address already in use`,
    ]);
    await new Promise((resolve) => taken.close(resolve));
    const [unwritable] = await refusal(plan({ listeners: [{ name: "a" }], log: "/nowhere/access.log" }));
    assert.match(unwritable ?? "", /^unable to open access log '\/nowhere\/access\.log'/);
    const admin = { address: { socket_address: { address: "127.0.0.1", port_value: 1 } } };
    assert.deepEqual(await refusal(plan({ listeners: [{ name: "a" }], admin })), [
      "admin changed: that needs a restart",
    ]);
    assert.equal(await ask(portOf("a")), "up");
    assert.deepEqual(node.view.bootstrap(), {});
  });
});
