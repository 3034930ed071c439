// What the admin listener counts of itself, under http.admin. and listener.admin. as Envoy's does. The admin server tells it what
// happens; it never touches a socket but to read its byte counts. What cannot be counted is left out: test/support/stats-left-out.ts.
import type { Socket } from "node:net";
import { recordValue } from "../../telemetry/histogram.ts";
import { addTo } from "../../telemetry/stats-add.ts";
import type { StatSlot, StatsWriter } from "../../telemetry/stats-memory.ts";

interface ConnectionFacts {
  readonly startMs: number;
  requests: number;
  read: number;
  written: number;
  byClient: boolean;
}

/** Counters of the admin listener. */
export class AdminStats {
  private readonly slots: ReadonlyMap<string, StatSlot>;
  private readonly lengths: readonly Uint32Array[];
  private readonly times: Uint32Array;
  private readonly nowMs: () => number;
  private readonly open = new Map<Socket, ConnectionFacts>();

  /** `nowMs`: any clock that only goes forward. */
  constructor(stats: StatsWriter, nowMs: () => number) {
    const slots = new Map<string, StatSlot>();
    for (const name of ADMIN_COUNTERS) slots.set(name, stats.counter(name));
    for (const name of ADMIN_GAUGES) slots.set(name, stats.gauge(name));
    this.slots = slots;
    this.lengths = [`${HTTP}downstream_cx_length_ms`, `${LISTENER}downstream_cx_length_ms`].map((name) =>
      stats.histogram(name),
    );
    this.times = stats.histogram(`${HTTP}downstream_rq_time`);
    this.nowMs = nowMs;
  }

  /** A connection was accepted. */
  onConnection(socket: Socket): void {
    const facts = { startMs: this.nowMs(), requests: 0, read: 0, written: 0, byClient: false };
    this.open.set(socket, facts);
    for (const name of CONNECTION_TOTALS) this.add(name, 1);
    for (const name of CONNECTION_GAUGES) this.add(name, 1);
  }

  /** The client ended its side while nothing of ours had ended. */
  onEndedByClient(socket: Socket): void {
    const facts = this.open.get(socket);
    if (facts !== undefined) facts.byClient = true;
  }

  /** What the client sent was no HTTP. */
  onProtocolError(): void {
    this.add(`${HTTP}downstream_cx_protocol_error`, 1);
  }

  /** A connection without requests was ended. */
  onIdle(): void {
    this.add(`${HTTP}downstream_cx_idle_timeout`, 1);
  }

  /** A connection is closed. */
  onClosed(socket: Socket): void {
    const facts = this.open.get(socket);
    if (facts === undefined) return;
    this.open.delete(socket);
    this.countBytes(socket, facts);
    const side = facts.byClient ? "remote" : "local";
    const active = facts.requests > 0;
    this.add(`${LISTENER}downstream_cx_destroy`, 1);
    this.add(`${HTTP}downstream_cx_destroy`, 1);
    this.add(`${HTTP}downstream_cx_destroy_${side}`, 1);
    if (active) {
      this.add(`${HTTP}downstream_cx_destroy_active_rq`, 1);
      this.add(`${HTTP}downstream_cx_destroy_${side}_active_rq`, 1);
    }
    for (const name of CONNECTION_GAUGES) this.add(name, -1);
    for (const histogram of this.lengths) recordValue(histogram, Math.round(this.nowMs() - facts.startMs));
  }

  /** A request has begun; answers with what to call when it is over, with the status or null for an answer cut short. */
  onRequest(socket: Socket): (status: number | null) => void {
    const startMs = this.nowMs();
    const facts = this.open.get(socket);
    if (facts !== undefined) facts.requests++;
    for (const name of ["downstream_rq_total", "downstream_rq_http1_total", "downstream_rq_active"]) {
      this.add(HTTP + name, 1);
    }
    return (status) => {
      this.add(`${HTTP}downstream_rq_active`, -1);
      if (status === null) this.add(`${HTTP}downstream_rq_rx_reset`, 1);
      else this.countAnswer(status);
      recordValue(this.times, Math.round(this.nowMs() - startMs));
      if (facts === undefined) return;
      facts.requests--;
      this.countBytes(socket, facts);
    };
  }

  private countAnswer(status: number): void {
    for (const prefix of [HTTP, LISTENER_HTTP]) {
      this.add(`${prefix}downstream_rq_completed`, 1);
      this.add(`${prefix}downstream_rq_${Math.floor(status / 100)}xx`, 1);
    }
  }

  private countBytes(socket: Socket, facts: ConnectionFacts): void {
    this.add(`${HTTP}downstream_cx_rx_bytes_total`, socket.bytesRead - facts.read);
    this.add(`${HTTP}downstream_cx_tx_bytes_total`, socket.bytesWritten - facts.written);
    facts.read = socket.bytesRead;
    facts.written = socket.bytesWritten;
  }

  private add(name: string, change: number): void {
    const slot = this.slots.get(name);
    if (slot === undefined) throw new Error(`admin: no statistic ${name}`);
    addTo(slot, change);
  }
}

const HTTP = "http.admin.";
const LISTENER = "listener.admin.";
const LISTENER_HTTP = "listener.admin.http.admin.";

const ANSWERS = ["1xx", "2xx", "3xx", "4xx", "5xx", "completed"].map((what) => `downstream_rq_${what}`);

const CONNECTION_TOTALS = [
  `${HTTP}downstream_cx_total`,
  `${HTTP}downstream_cx_http1_total`,
  `${LISTENER}downstream_cx_total`,
  `${LISTENER}main_thread.downstream_cx_total`,
];

const CONNECTION_GAUGES = [
  `${HTTP}downstream_cx_active`,
  `${HTTP}downstream_cx_http1_active`,
  `${LISTENER}downstream_cx_active`,
  `${LISTENER}main_thread.downstream_cx_active`,
];

/** Every counter that is kept. */
const ADMIN_COUNTERS: readonly string[] = [
  ...CONNECTION_TOTALS,
  `${LISTENER}downstream_cx_destroy`,
  ...ANSWERS.map((name) => LISTENER_HTTP + name),
  ...ANSWERS.map((name) => HTTP + name),
  ...[
    "downstream_cx_destroy",
    "downstream_cx_destroy_active_rq",
    "downstream_cx_destroy_local",
    "downstream_cx_destroy_local_active_rq",
    "downstream_cx_destroy_remote",
    "downstream_cx_destroy_remote_active_rq",
    "downstream_cx_idle_timeout",
    "downstream_cx_protocol_error",
    "downstream_cx_rx_bytes_total",
    "downstream_cx_tx_bytes_total",
    "downstream_rq_http1_total",
    "downstream_rq_rx_reset",
    "downstream_rq_total",
  ].map((name) => HTTP + name),
];

/** Every gauge that is kept. */
const ADMIN_GAUGES: readonly string[] = [...CONNECTION_GAUGES, `${HTTP}downstream_rq_active`];
