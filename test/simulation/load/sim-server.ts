// An LRS server of a simulated world and the streams to it. It keeps what it has in a journal that outlives it, as ours does; `acks`: it
// answers each report and drops repeats, as ours does; else it takes whatever comes, as any other server does.

import type { MergedReport } from "../../../src/control/load/merge/merge-messages.ts";
import { readShares, sharesJson } from "../../../src/control/load/node-shares.ts";
import type { FollowedClusters } from "../../../src/messages/load.ts";
import type { LoadNetwork } from "./load-network.ts";
import { countOf } from "./sim-counters.ts";
import type { SimLoadNode } from "./sim-load-node.ts";

/** The server. */
export class SimLrsServer {
  readonly acks: boolean;
  /** It acknowledges, and forgets to drop what it has: the invariants have to find it. */
  drops = true;
  readonly intervalMs: number;
  clusters: FollowedClusters;
  isUp = true;
  /** Streams begun so far while it was up. */
  life = 1;
  /** By instance and sequence: how often each batch came into the totals, and with how much. */
  readonly batches: Map<string, Map<number, { counted: number; times: number }>> = new Map();
  /** Of instance: the greatest sequence in its totals. */
  private readonly newest = new Map<string, number>();
  /** What its totals are. */
  total = 0;
  /** In progress, as the newest report of each stream said. */
  readonly gauges: Map<SimLoadNode, number> = new Map();
  reports = 0;

  constructor(options: { readonly acks: boolean; readonly intervalMs: number; readonly clusters: FollowedClusters }) {
    this.acks = options.acks;
    this.intervalMs = options.intervalMs;
    this.clusters = options.clusters;
  }

  /** It dies and comes back; all streams break. */
  restart(): void {
    this.life++;
  }

  /** A report came. */
  receive(from: SimLoadNode, report: MergedReport): void {
    this.reports++;
    const shares = readShares(sharesJson(report.nodes)) ?? [];
    const all = countOf(report.clusters);
    let repeated = 0;
    for (const { instance, sequence, clusters } of shares) {
      const counts = countOf(clusters);
      const known = this.batches.get(instance) ?? new Map<number, { counted: number; times: number }>();
      this.batches.set(instance, known);
      const batch = known.get(sequence) ?? { counted: 0, times: 0 };
      known.set(sequence, batch);
      const isRepeat = this.acks && this.drops && sequence <= (this.newest.get(instance) ?? 0);
      this.newest.set(instance, Math.max(sequence, this.newest.get(instance) ?? 0));
      if (isRepeat) repeated += counts;
      else {
        batch.times++;
        batch.counted += counts;
      }
    }
    this.total += all - repeated;
    const under = report.clusters.flatMap(({ localities }) =>
      localities.map(({ inProgress, connections }) => inProgress + (connections?.active ?? 0)),
    );
    this.gauges.set(
      from,
      under.reduce((sum, one) => sum + one, 0),
    );
  }
}

/** The reporter's stream: what the real client does, with less. */
export class SimLrsStream {
  private readonly network: LoadNetwork;
  private readonly node: SimLoadNode;
  private isOver = false;
  private life = 0;
  private written = 0;
  /** The report that awaits its acknowledgement. */
  private under: MergedReport | null = null;
  private beats = 0;

  constructor(network: LoadNetwork, node: SimLoadNode) {
    this.network = network;
    this.node = node;
    this.connect();
  }

  /** Ends without a word. */
  close(): void {
    this.isOver = true;
    this.network.server.gauges.delete(this.node);
  }

  /** Asks for a report at once. */
  hurry(): void {
    if (!this.isOver && this.life !== 0) this.due();
  }

  /** The answer to `report-due`. */
  send(report: MergedReport): void {
    this.under = report;
    this.write();
  }

  private connect(): void {
    const { server, time } = this.network;
    this.life = 0;
    this.written = 0;
    time.after(20 + this.network.random.below(20), () => {
      if (this.isOver || this.node.isDead) return;
      if (!server.isUp || this.network.isStreamCut(this.node)) this.retry();
      else this.open();
    });
  }

  private retry(): void {
    this.network.time.after(RETRY_MS, () => {
      if (!this.isOver && !this.node.isDead) this.connect();
    });
  }

  private open(): void {
    const { server, time } = this.network;
    this.life = server.life;
    const { life } = this;
    const watch = (): void => {
      if (this.isOver || this.node.isDead || this.life !== life) return;
      if (server.life !== life || !server.isUp || this.network.isStreamCut(this.node)) this.broke();
      else time.after(50, watch);
    };
    watch();
    time.after(5, () => {
      if (!this.isAlive(life)) return;
      const { clusters, intervalMs } = server;
      this.node.tell({ type: "subscribed", clusters, intervalMs, hasEndpoints: true });
      if (this.under !== null) this.write();
      this.tick(life, ++this.beats);
    });
  }

  private tick(life: number, beat: number): void {
    this.network.time.after(this.network.server.intervalMs, () => {
      if (!this.isAlive(life) || beat !== this.beats) return;
      this.due();
      this.tick(life, beat);
    });
  }

  private due(): void {
    if (this.under === null) this.node.tell({ type: "report-due" });
  }

  private isAlive(life: number): boolean {
    return !this.isOver && !this.node.isDead && this.life === life;
  }

  private write(): void {
    const { under, life, node } = this;
    const { server, time, random } = this.network;
    if (under === null || life === 0) return;
    this.written++;
    if (under.mayRepeat && !server.acks) node.uncertain++;
    time.after(1 + random.below(30), () => {
      if (server.life !== life || !server.isUp || this.network.isStreamCut(node)) return;
      // It has left the node, even if that dies now or reports no more.
      server.receive(node, under);
      if (!this.isAlive(life)) server.gauges.delete(node);
      time.after(1 + random.below(30), () => {
        if (server.acks && this.isAlive(life) && this.under === under) this.settled();
      });
    });
    if (!server.acks) this.settled();
  }

  private settled(): void {
    this.under = null;
    this.node.tell({ type: "report-settled" });
  }

  private broke(): void {
    if (!this.network.server.acks && this.written > 0) this.node.uncertain++;
    this.network.server.gauges.delete(this.node);
    this.connect();
  }
}

const RETRY_MS = 5_000;
