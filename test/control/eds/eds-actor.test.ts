// The EDS actor over real gRPC, with gRPC's own library as the client: what streams are, how they end, and what a slow one costs.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { Link } from "../../../src/actor/thread-link.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { DrivenWheel } from "../../../src/base/driven-wheel.ts";
import { runEdsActor } from "../../../src/control/eds/eds-actor.ts";
import type { EdsOrder, EdsOutput } from "../../../src/messages/eds.ts";
import { EDS, PROBES_SAVED } from "../../../src/telemetry/eds-stats.ts";
import { createHealthMemory, HealthFlag, HealthTable } from "../../../src/telemetry/health-table.ts";
import { StatsWriter } from "../../../src/telemetry/stats-memory.ts";
import { clusterPlan, endpoint, loopback } from "../../support/cluster-plans.ts";
import { freePort } from "../../support/live-proxy.ts";
import { eventually } from "../../support/nodes.ts";
import { statusesOf, XdsClient, type XdsResponse } from "../../support/xds-client.ts";

const ENDPOINTS = 2_000;

let house: House;

describe("the EDS actor", () => {
  beforeEach(async () => {
    house = await House.open();
  });

  afterEach(() => house.close());

  for (const method of ["sotw", "adsSotw"] as const) {
    it(`serves state-of-the-world clients over ${method}`, async () => {
      const client = house.connect(method);
      client.send({ resource_names: ["small"], type_url: URL });
      assert.deepEqual((await client.take()).resources?.map(statusesOf), [["1:UNKNOWN"]]);
      house.flag("small", HealthFlag.FailedActiveHc);
      assert.deepEqual((await client.take()).resources?.map(statusesOf), [["1:UNHEALTHY"]]);
    });
  }

  for (const method of ["delta", "adsDelta"] as const) {
    it(`serves incremental clients over ${method}`, async () => {
      const client = house.connect(method);
      client.send({ resource_names_subscribe: ["small", "none"], type_url: URL });
      const first = await client.take();
      assert.deepEqual(first.removed_resources, ["none"]);
      assert.deepEqual(deltaOf(first), [["small", ["1:UNKNOWN"]]]);
      client.send({ response_nonce: first.nonce ?? "", type_url: URL });
      await eventually(() => house.stat("acks") === 1);
      house.flag("small", HealthFlag.FailedActiveHc);
      assert.deepEqual(deltaOf(await client.take()), [["small", ["1:UNHEALTHY"]]]);
    });
  }

  it("ends a stream whose bytes are no request, and counts it", async () => {
    const client = house.connect("sotw");
    client.sendBytes(Uint8Array.of(0x1a, 0xff));
    await eventually(() => client.ended !== null);
    assert.equal(client.ended?.code, status.INVALID_ARGUMENT);
    assert.equal(house.stat("requests_malformed"), 1);
  });

  it("ends a stream of endpoints that asks for clusters, and says what it serves", async () => {
    const client = house.connect("delta");
    client.send({ type_url: "type.googleapis.com/envoy.config.cluster.v3.Cluster" });
    await eventually(() => client.ended !== null);
    assert.equal(client.ended?.code, status.INVALID_ARGUMENT);
    assert.match(client.ended?.details ?? "", /^this service has endpoints only/);
    assert.equal(house.stat("streams_refused"), 1);
  });

  it("forgets a client that goes", async () => {
    const client = house.connect("sotw");
    client.send({ resource_names: ["small"] });
    await client.take();
    await eventually(() => house.stat("streams_active") === 1);
    client.close();
    await eventually(() => house.stat("streams_active") === 0 && house.stat("clusters_subscribed") === 0);
    assert.equal(house.stat("streams_total"), 1);
  });

  it("keeps little for a client that does not read, which then gets the newest", async () => {
    const slow = house.connect("sotw");
    const quick = house.connect("sotw");
    for (const client of [slow, quick]) client.send({ resource_names: ["large"] });
    await slow.skip();
    slow.pause();
    await quick.skip();
    for (let turn = 0; turn < 100; turn++) {
      house.flag("large", turn % 2 === 0 ? HealthFlag.FailedActiveHc : 0);
      await quick.skip();
    }
    house.flag("large", HealthFlag.DegradedActiveHc);
    await quick.skip();
    const toSlow = house.stat("pushes") - 102;
    // What the stream's window and the sockets hold; the rest was never made.
    assert.ok(toSlow < 40, `${toSlow} responses for a client that reads nothing`);
    slow.resume();
    await eventually(async () => (await slow.takeNewest()).resources?.map(statusesOf)[0]?.[0] === "1:DEGRADED");
    assert.ok(house.stat("pushes") - 102 <= toSlow + 2);
  });

  it("ends streams as done when it is told to stop", async () => {
    const client = house.connect("sotw");
    client.send({ resource_names: ["small"] });
    await client.take();
    house.tell({ type: "stop" });
    await eventually(() => client.ended !== null);
    assert.equal(client.ended?.code, status.OK);
    await eventually(() => house.heard.some(({ type }) => type === "stopped"));
    assert.equal(house.isStopped, true);
  });

  it("takes no connection before its plan, and has its counters from the start", async () => {
    assert.deepEqual(
      house.heard.map(({ type }) => type),
      ["started", "endpoints-applied", "listening"],
    );
    assert.deepEqual([house.stat("streams_total"), house.saved()], [0, 0]);
  });
});

/** An actor with two clusters: `small` of one endpoint, `large` of two thousand. */
class House {
  readonly heard: EdsOutput[] = [];
  isStopped: boolean = false;
  private readonly port: number;
  private readonly wheel = new DrivenWheel(systemClock, 5);
  private readonly stats = new StatsWriter(() => {});
  private readonly health = new HealthTable(createHealthMemory(ENDPOINTS + 1, 2));
  private readonly clients: XdsClient[] = [];
  private receiver: (order: EdsOrder) => void = () => {};

  private constructor(port: number) {
    this.port = port;
  }

  static async open(): Promise<House> {
    const made = new House(await freePort());
    made.run();
    await eventually(() => made.heard.some(({ type }) => type === "listening"));
    return made;
  }

  tell(order: EdsOrder): void {
    this.receiver(order);
  }

  connect(method: ConstructorParameters<typeof XdsClient>[1]): XdsClient {
    const client = new XdsClient(this.port, method);
    this.clients.push(client);
    return client;
  }

  /** Sets the flags of the cluster's first endpoint. */
  flag(cluster: "small" | "large", flags: number): void {
    const [slot, row] = cluster === "small" ? [ENDPOINTS, 0] : [0, 1];
    this.health.clear(slot, 0xffff);
    this.health.set(slot, flags);
    this.health.bump(row);
  }

  stat(name: keyof typeof EDS.at): number {
    return this.stats.block(EDS, "eds.")[EDS.at[name]] as number;
  }

  saved(): number {
    const { values, at } = this.stats.counter(PROBES_SAVED);
    return values[at] as number;
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.close();
    if (!this.isStopped) this.tell({ type: "stop" });
    await eventually(() => this.isStopped);
  }

  private run(): void {
    const link: Link<EdsOrder, EdsOutput> = {
      send: (message) => this.heard.push(message),
      receive: (receiver) => {
        this.receiver = receiver;
      },
      close: () => {},
    };
    runEdsActor({
      clock: systemClock,
      wheel: this.wheel,
      stats: this.stats,
      health: this.health,
      link,
      onStopped: () => {
        this.isStopped = true;
        this.wheel.stop();
      },
    });
    const large = Array.from({ length: ENDPOINTS }, (_, slot) => ({ ...endpoint(slot + 1), slot }));
    const small = [{ ...endpoint(1), slot: ENDPOINTS }];
    const clusters = [clusterPlan("small", []), clusterPlan("large", [])];
    this.tell({ type: "plan-assigned", eds: { listen: loopback(this.port), tls: null }, clusters });
    this.tell({
      type: "endpoints-changed",
      updates: [
        { kind: "full", cluster: "small", row: 0, version: 1, endpoints: small },
        { kind: "full", cluster: "large", row: 1, version: 1, endpoints: large },
      ],
    });
  }
}

function deltaOf({ resources = [] }: XdsResponse): (readonly [string, readonly string[]])[] {
  return resources.map((one) => {
    const { name, resource } = one as unknown as { readonly name: string; readonly resource: never };
    return [name, statusesOf(resource)];
  });
}

const URL = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";
