// Runs the endpoint discovery of a node on its thread: performs the behaviour's effects with a gRPC server, a statistics writer and the
// link to the supervisor.
import { readFileSync } from "node:fs";
import { ActorHost } from "../../actor/actor-host.ts";
import type { TimerEffect, TimerFired } from "../../actor/behaviour.ts";
import { misbehave } from "../../actor/misbehave.ts";
import type { Link } from "../../actor/thread-link.ts";
import type { Clock } from "../../base/clock.ts";
import { Timer, type TimerWheel } from "../../base/timer-wheel.ts";
import type { EdsPlan, EdsTlsPlan } from "../../config/plan/eds.ts";
import type { EdsOrder, EdsOutput } from "../../messages/eds.ts";
import { EDS, type EdsStat, PROBES_SAVED } from "../../telemetry/eds-stats.ts";
import type { HealthTable } from "../../telemetry/health-table.ts";
import { addTo } from "../../telemetry/stats-add.ts";
import type { StatsWriter } from "../../telemetry/stats-memory.ts";
import type { BidiServer, BidiTls } from "../grpc/bidi-server.ts";
import { type EdsState, emptyEdsState, endpointDiscovery } from "./eds-behaviour.ts";
import type { EdsEffect, EdsMessage } from "./eds-effects.ts";
import { type EdsStream, edsServer } from "./eds-server.ts";
import { readRequest, writePush } from "./wire.ts";
import type { Dialect, XdsRequest } from "./xds.ts";

/** What the actor stands on. */
export interface EdsActorParts {
  readonly clock: Clock;
  /** Its tick is what a change of a flag may wait. */
  readonly wheel: TimerWheel;
  readonly stats: StatsWriter;
  readonly health: HealthTable;
  readonly link: Link<EdsOrder, EdsOutput>;
  /** Called after the actor has ended. */
  onStopped(): void;
}

/** Starts the actor; it lives until it is told to stop. */
export function runEdsActor(parts: EdsActorParts): void {
  const actor = new EdsActor(parts);
  parts.link.receive((message) => actor.receive(message));
  parts.link.send({ type: "started" });
}

class EdsActor {
  private readonly parts: EdsActorParts;
  private readonly host: ActorHost<EdsState, Exclude<EdsMessage, TimerFired>, OwnEffect>;
  private readonly server: BidiServer<EdsStream>;
  private readonly dialects = new Map<number, Dialect>();
  private readonly block: Float64Array;
  private hasPlan = false;

  constructor(parts: EdsActorParts) {
    const { clock, wheel, health, stats } = parts;
    this.parts = parts;
    this.block = stats.block(EDS, "eds.");
    const state = emptyEdsState({
      flagsOf: (slot) => Atomics.load(health.flags, slot),
      generationOf: (row) => health.generation(row),
    });
    this.host = new ActorHost(endpointDiscovery, state, { clock, wheel, perform: (effect) => this.perform(effect) });
    this.server = edsServer({
      opened: (stream, how, peer) => {
        this.dialects.set(stream, how.dialect);
        this.host.tell({ type: "stream-opened", stream, ...how, peer });
        this.showTotals();
      },
      requested: (stream, bytes) => this.requested(stream, bytes),
      closed: (stream) => this.closed(stream),
    });
    this.saved(0);
    this.showTotals();
  }

  receive(message: EdsOrder): void {
    switch (message.type) {
      case "plan-assigned":
        this.host.tell({ type: "plan-assigned", clusters: message.clusters });
        if (this.hasPlan) return;
        this.hasPlan = true;
        void this.listen(message.eds);
        return;
      case "endpoints-changed":
        this.host.tell(message);
        return;
      case "stop":
        void this.stop();
        return;
      case "misbehave":
        misbehave(message.how);
        return;
    }
  }

  /** An address that cannot be bound, or a file that cannot be read, ends the thread: the supervisor starts it again by and by, as after a crash. */
  private async listen({ listen, tls }: EdsPlan): Promise<void> {
    await this.server.listen(listen, tls === null ? null : readTls(tls));
    this.parts.link.send({ type: "listening" });
  }

  private requested(stream: number, bytes: Uint8Array): void {
    const dialect = this.dialects.get(stream);
    if (dialect === undefined) return;
    const request = read(bytes, dialect);
    if (request !== null) {
      this.host.tell({ type: "requested", stream, request });
      this.showTotals();
      return;
    }
    this.count("requests_malformed", 1);
    this.server.refuse(stream, "invalid", "no discovery request");
    this.closed(stream);
  }

  private closed(stream: number): void {
    this.dialects.delete(stream);
    this.host.tell({ type: "stream-closed", stream });
    this.showTotals();
  }

  private perform(effect: OwnEffect): void {
    const { server, host, parts } = this;
    switch (effect.type) {
      case "send":
        server.send(effect.stream, writePush(effect.push), () => host.tell({ type: "written", stream: effect.stream }));
        return;
      case "end-stream":
        this.dialects.delete(effect.stream);
        server.refuse(effect.stream, effect.code, effect.text);
        return;
      case "confirm-endpoints":
        parts.link.send({ type: "endpoints-applied", missed: effect.missed });
        return;
      case "count":
        this.count(effect.stat, effect.by);
        return;
      case "count-saved":
        this.saved(effect.by);
        return;
      case "log":
        parts.link.send({ type: "log-written", line: { level: "warning", component: "upstream", text: effect.text } });
        return;
    }
  }

  /** Streams end as done; connections that do not end with them are cut. */
  private async stop(): Promise<void> {
    const { host, parts, server } = this;
    const deadline = new Timer(() => server.destroy());
    parts.wheel.arm(deadline, CLOSE_MS);
    await server.close();
    parts.wheel.remove(deadline);
    host.stop();
    parts.link.send({ type: "stopped" });
    parts.link.close();
    parts.onStopped();
  }

  private showTotals(): void {
    const { streams, interest } = this.host.state;
    this.block[EDS.at.streams_active] = streams.size;
    this.block[EDS.at.clusters_subscribed] = interest.size;
  }

  private count(stat: EdsStat, by: number): void {
    this.block[EDS.at[stat]] = (this.block[EDS.at[stat]] as number) + by;
  }

  private saved(by: number): void {
    addTo(this.parts.stats.counter(PROBES_SAVED), by);
  }
}

function read(bytes: Uint8Array, dialect: Dialect): XdsRequest | null {
  try {
    return readRequest(bytes, dialect);
  } catch {
    return null;
  }
}

function readTls({ certFile, keyFile, caFile }: EdsTlsPlan): BidiTls {
  const clientAuthority = caFile === "" ? null : readFileSync(caFile);
  return { certificate: readFileSync(certFile), key: readFileSync(keyFile), clientAuthority };
}

type OwnEffect = Exclude<EdsEffect, TimerEffect>;

/** Shorter than what the supervisor gives a thread to end. */
const CLOSE_MS = 100;
