// What a listener's own log tells of connections; that Envoy's lines are the same is asked in test/differential/listener-logs.full.test.ts.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { parseFormat } from "../../src/config/compile/format.ts";
import type { AccessLogPlan, JsonFieldPlan } from "../../src/config/plan/access-log.ts";
import type { FilterChainPlan, ListenerPlan } from "../../src/config/plan/listener.ts";
import { ConnectionLimit } from "../../src/dataplane/connection-limit.ts";
import { ConnectionRates } from "../../src/dataplane/connection-rates.ts";
import { listenerEvents } from "../../src/dataplane/listener-events.ts";
import type { WorkerServices } from "../../src/dataplane/worker-services.ts";
import type { ListenEvents } from "../../src/net/listen-events.ts";
import { RateMemory } from "../../src/supervisor/rate-memory.ts";
import { ClientChannel } from "../support/client-channel.ts";
import { clusterPlan, endpoint } from "../support/cluster-plans.ts";
import { TcpWorld } from "../support/tcp-world.ts";

const FIELDS: Readonly<Record<string, string>> = {
  chain: "%FILTER_CHAIN_NAME%",
  flags: "%RESPONSE_FLAGS%",
  name: "%REQUESTED_SERVER_NAME%",
  number: "%UPSTREAM_METADATA(x:number)%",
  of_chain: "%METADATA(LISTENER_FILTER_CHAIN:x:z)%",
  struct: "%UPSTREAM_METADATA(x:struct)%",
};
const SOCKET = { remoteAddress: "192.0.2.1", remotePort: 4711, localAddress: "127.0.0.1", localPort: 10_000 };

describe("a listener's own log", () => {
  it("tells of a connection who asked for what, and its metadata with their types", () => {
    const door = new Door();
    door.connect("a.example");
    assert.deepEqual(door.lines(), [
      { chain: "c", flags: "-", name: "a.example", number: 5, of_chain: 7, struct: { a: 1 } },
    ]);
    door.world.clock.advanceMs(10_100);
    assert.deepEqual(door.world.leaks(), []);
  });

  it("tells of a connection that its chain's limit refuses which chain that is, and that it was refused", () => {
    const door = new Door();
    door.connect("a.example");
    door.connect("b.example");
    assert.deepEqual(door.lines()[1], {
      ...{ chain: "c", flags: "URX", name: "b.example", number: null, of_chain: 7, struct: null },
    });
  });

  it("tells of a connection without a chain and of one whose handshake failed", () => {
    const door = new Door();
    door.come((events, admission) => events.onNoChain(admission, "c.example"));
    door.come((events, admission) => {
      events.onChain(door.chain, admission, "d.example");
      events.onHandshakeFailed({ reason: "closed", text: "went away" }, admission);
    });
    const [without, failed] = door.lines();
    const none = { number: null, struct: null };
    assert.deepEqual(without, { ...none, chain: null, flags: "NR", name: "c.example", of_chain: null });
    assert.deepEqual(failed, { ...none, chain: "c", flags: "-", name: "d.example", of_chain: 7 });
  });
});

type Admitted = Exclude<ReturnType<ListenEvents["onAccept"]>, null>;

/** A listener with one chain to an endpoint; one connection in an hour may come. */
class Door {
  readonly chain: FilterChainPlan;
  readonly world: TcpWorld;
  private readonly events: ListenEvents;

  constructor() {
    const metadata = { x: { number: 5, struct: { a: 1 } } };
    this.world = new TcpWorld({}, [clusterPlan("c", [endpoint(81, { metadata })])]);
    const chain = this.world.plan.filterChains[0] as FilterChainPlan;
    const bucket = { tokensMax: 1, tokensPerFill: 1, fillMs: 3_600_000 };
    const rate = { statPrefix: "few", bucket, bucketKey: "k", isEnabled: true, runtimeKey: "" };
    this.chain = { ...chain, name: "c", metadata: { x: { z: 7 } }, rates: [rate] };
    const plan: ListenerPlan = { ...this.world.plan, filterChains: [this.chain], accessLogs: [jsonLog()] };
    const rateBuckets = new RateMemory().of({ rateBuckets: [{ key: "k", words: 1 }] });
    const services: WorkerServices = { ...this.world.services, rateBuckets };
    const limit = new ConnectionLimit({ counts: services.counts, workers: 1, services }, plan);
    const rates = new ConnectionRates(services, plan);
    this.events = listenerEvents({ services, warn: assert.fail, limit, rates }, plan);
  }

  /** A connection is accepted and becomes this; then it is over. */
  come(what: (events: ListenEvents, admission: Admitted) => void): void {
    const admission = this.events.onAccept(SOCKET);
    assert.ok(admission !== null);
    what(this.events, admission);
    admission.end();
  }

  /** A connection through the chain, unless it is refused. */
  connect(serverName: string): void {
    const admission = this.events.onAccept(SOCKET);
    assert.ok(admission !== null);
    if (!this.events.onChain(this.chain, admission, serverName)) {
      admission.end();
      return;
    }
    const client = new ClientChannel();
    client.serverName = serverName;
    this.world.service.onChannel(client, this.chain, admission);
    this.world.upstream().handler.onConnect();
    this.world.upstream().hangUp();
    client.hangUp();
  }

  lines(): unknown[] {
    return this.world
      .log()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  }
}

function jsonLog(): AccessLogPlan {
  const json = Object.entries(FIELDS).map(([key, text]): JsonFieldPlan => {
    const parsed = parseFormat(text);
    assert.ok(parsed.ok);
    return { key, value: { kind: "text", parts: parsed.parts } };
  });
  return { sink: "file", path: "log", format: [], json, omitEmpty: false, filter: null };
}
