// The endpoint discovery of a node on a simulated clock: clusters and flags that a test sets, streams that it opens, and what they get.
import assert from "node:assert/strict";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { ActorHost } from "../../../src/actor/actor-host.ts";
import type { TimerEffect, TimerFired } from "../../../src/actor/behaviour.ts";
import type { JsonValue } from "../../../src/config/load/checked.ts";
import { loadAny } from "../../../src/config/load/load-wire.ts";
import { toProtoJson } from "../../../src/config/load/to-proto-json.ts";
import type { ClusterPlan } from "../../../src/config/plan/cluster.ts";
import type { EndpointFacts } from "../../../src/config/plan/endpoint-set.ts";
import { type EdsState, emptyEdsState, endpointDiscovery } from "../../../src/control/eds/eds-behaviour.ts";
import type { EdsEffect, EdsMessage } from "../../../src/control/eds/eds-effects.ts";
import { ASSIGNMENT_URL } from "../../../src/control/eds/wire.ts";
import type { Dialect, Push, XdsRequest } from "../../../src/control/eds/xds.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { statusesOf } from "../../support/xds-client.ts";

/** A response: what it says of each cluster, and which it says are none. */
export interface Seen {
  readonly clusters: Readonly<Record<string, readonly string[]>>;
  readonly removed: readonly string[];
}

/** The node. */
export class EdsWorld {
  /** As fine as the thread's own. */
  readonly clock: VirtualClock = new VirtualClock(5);
  readonly logs: string[] = [];
  readonly ended: string[] = [];
  readonly counts: Map<string, number> = new Map();
  missed: readonly string[] = [];
  saved: number = 0;
  private readonly flags = new Map<number, number>();
  private readonly generations = new Map<number, number>();
  private readonly host: ActorHost<EdsState, Exclude<EdsMessage, TimerFired>, Exclude<EdsEffect, TimerEffect>>;
  private readonly clients = new Map<number, FakeClient>();
  private streams = 0;

  constructor() {
    const state = emptyEdsState({
      flagsOf: (slot) => this.flags.get(slot) ?? 0,
      generationOf: (row) => this.generations.get(row) ?? 0,
    });
    const { clock } = this;
    this.host = new ActorHost(endpointDiscovery, state, {
      clock,
      wheel: clock.wheel,
      perform: (effect) => this.perform(effect),
    });
  }

  tell(message: Exclude<EdsMessage, TimerFired>): void {
    this.host.tell(message);
  }

  /** The node's clusters, each with its endpoints in the row of its place. */
  plan(...clusters: readonly (readonly [ClusterPlan, readonly EndpointFacts[]])[]): void {
    this.tell({ type: "plan-assigned", clusters: clusters.map(([plan]) => plan) });
    this.tell({
      type: "endpoints-changed",
      updates: clusters.map(([{ name }, endpoints], row) => {
        return { kind: "full", cluster: name, row, version: 1, endpoints };
      }),
    });
  }

  /** Sets the flags of an endpoint, as the health side does. */
  flag(row: number, slot: number, flags: number): void {
    this.flags.set(slot, flags);
    this.generations.set(row, (this.generations.get(row) ?? 0) + 1);
  }

  open(dialect: Dialect, isAggregated: boolean = false): FakeClient {
    const client = new FakeClient(this, ++this.streams, dialect);
    this.clients.set(this.streams, client);
    this.tell({ type: "stream-opened", stream: this.streams, dialect, isAggregated, peer: "127.0.0.1:5" });
    return client;
  }

  count(stat: string): number {
    return this.counts.get(stat) ?? 0;
  }

  private perform(effect: Exclude<EdsEffect, TimerEffect>): void {
    switch (effect.type) {
      case "send":
        this.clients.get(effect.stream)?.receive(effect.push);
        return;
      case "end-stream":
        this.ended.push(`${effect.stream} ${effect.code}: ${effect.text}`);
        return;
      case "confirm-endpoints":
        this.missed = effect.missed;
        return;
      case "count":
        this.counts.set(effect.stat, this.count(effect.stat) + effect.by);
        return;
      case "count-saved":
        this.saved += effect.by;
        return;
      case "log":
        this.logs.push(effect.text);
        return;
    }
  }
}

/** A client on one stream; it takes every response at once unless it is `slow`. */
export class FakeClient {
  slow: boolean = false;
  /** What came and was not looked at. */
  readonly pushes: Push[] = [];
  readonly dialect: Dialect;
  private readonly world: EdsWorld;
  private readonly stream: number;
  private nonce = "";

  constructor(world: EdsWorld, stream: number, dialect: Dialect) {
    this.world = world;
    this.stream = stream;
    this.dialect = dialect;
  }

  receive(push: Push): void {
    this.pushes.push(push);
    this.nonce = push.nonce;
    if (!this.slow) this.world.tell({ type: "written", stream: this.stream });
  }

  /** What came, in order; each once. */
  seen(): Seen[] {
    return this.pushes.splice(0).map(({ resources, removed }) => ({
      clusters: Object.fromEntries(resources.map(({ name, bytes }) => [name, statusesOf(assignmentOf(bytes))])),
      removed,
    }));
  }

  /** A slow one takes the response that it was given. */
  drain(): void {
    this.world.tell({ type: "written", stream: this.stream });
  }

  /** State of the world: all names that it wants. With the newest nonce unless said otherwise. */
  want(names: readonly string[], more: Partial<XdsRequest> = {}): void {
    this.request({ dialect: "sotw", names, ...COMMON, nonce: this.nonce, ...more } as XdsRequest);
  }

  /** Incremental: what it wants besides. */
  subscribe(names: readonly string[], versions: Readonly<Record<string, string>> = {}): void {
    this.change({ subscribe: names, versions: new Map(Object.entries(versions)) });
  }

  unsubscribe(names: readonly string[]): void {
    this.change({ unsubscribe: names });
  }

  change(more: Partial<XdsRequest & { readonly dialect: "delta" }>): void {
    const nothing = { subscribe: [], unsubscribe: [], versions: new Map<string, string>() };
    this.request({ dialect: "delta", ...COMMON, ...nothing, ...more });
  }

  close(): void {
    this.world.tell({ type: "stream-closed", stream: this.stream });
  }

  private request(request: XdsRequest): void {
    this.world.tell({ type: "requested", stream: this.stream, request });
  }
}

/** An assignment in proto3's JSON form, from the bytes of its Any. */
export function assignmentOf(bytes: Uint8Array): JsonValue {
  const reader = new BinaryReader(bytes);
  const any: { typeUrl: string; value: Uint8Array } = { typeUrl: "", value: new Uint8Array(0) };
  for (let [field] = reader.tag(); ; [field] = reader.tag()) {
    if (field === 1) any.typeUrl = reader.string();
    else any.value = reader.bytes();
    if (reader.pos === reader.len) break;
  }
  const { message, errors } = loadAny(any, "node");
  assert.ok(message !== null, JSON.stringify(errors));
  // Without the prototypes that maps lack.
  return JSON.parse(JSON.stringify(toProtoJson(message))) as JsonValue;
}

const COMMON = { typeUrl: ASSIGNMENT_URL, node: "", nonce: "", error: null } as const;
