// Brings endpoints to the workers and their numbers into /stats: the endpoint book with its doors. Made by the supervisor.
import type { ClusterPlan, EndpointPlan } from "../config/plan/cluster.ts";
import type { EndpointSetFull, EndpointSetUpdate } from "../config/plan/endpoint-set.ts";
import type { NodeMemory } from "../telemetry/node-memory.ts";
import type { StatsWriter } from "../telemetry/stats-memory.ts";
import { EndpointBook } from "./endpoint-book.ts";
import { beginMembership, MembershipCounts } from "./membership-stats.ts";

/** What it stands on. */
export interface EndpointRollOutParts {
  /** Limits: the tables' sizes. */
  readonly memory: NodeMemory;
  readonly stats: StatsWriter;
  /** Sends a batch to one worker, which answers it before it gets the next. */
  send(slot: number, updates: readonly EndpointSetUpdate[]): void;
}

/** The endpoints of a node on their way to its workers. */
export class EndpointRollOut {
  private readonly parts: EndpointRollOutParts;
  private readonly book: EndpointBook;
  private readonly statNames = new Map<string, string>();
  private readonly open = new Set<number>();

  constructor(parts: EndpointRollOutParts) {
    this.parts = parts;
    this.book = new EndpointBook({ slotsMax: parts.memory.slots, rowsMax: parts.memory.rows });
  }

  /** Every set as it is now. */
  all(): readonly EndpointSetFull[] {
    return this.book.all();
  }

  /** A cluster's row in the node's tables; -1 when the plan has none of this name. */
  rowOf(cluster: string): number {
    return this.book.rowOf(cluster);
  }

  /** Takes the clusters of a plan in. */
  assign(plans: readonly ClusterPlan[]): void {
    this.book.assign(plans);
    this.statNames.clear();
    for (const { name, statName } of plans) this.statNames.set(name, statName);
    beginMembership(this.parts.stats, plans);
    for (const { name } of plans) this.show(name);
    this.sendAll();
  }

  /** Discovery found these endpoints of a cluster, and no others. */
  resolved(cluster: string, endpoints: readonly EndpointPlan[]): void {
    if (this.book.replace(cluster, endpoints)) this.changed(cluster);
  }

  /** Discovery found that some endpoints of a cluster went and others came. */
  moved(cluster: string, removed: readonly EndpointPlan[], added: readonly EndpointPlan[]): void {
    if (this.book.change(cluster, removed, added)) this.changed(cluster);
  }

  /** A worker begins with nothing. */
  openWorker(slot: number): void {
    this.open.add(slot);
    this.book.open(slot);
    this.sendTo(slot);
  }

  /** A worker is gone. */
  closeWorker(slot: number): void {
    this.open.delete(slot);
    this.book.close(slot);
  }

  /** A worker has answered its batch. */
  applied(slot: number, missed: readonly string[]): void {
    this.book.applied(slot, missed);
    this.sendTo(slot);
  }

  private changed(cluster: string): void {
    this.show(cluster);
    this.sendAll();
  }

  private sendAll(): void {
    for (const slot of this.open) this.sendTo(slot);
  }

  private sendTo(slot: number): void {
    const updates = this.book.next(slot);
    if (updates !== null) this.parts.send(slot, updates);
  }

  private show(cluster: string): void {
    const counts = new MembershipCounts();
    this.book.each(cluster, (facts) => counts.add(facts));
    counts.show(this.parts.stats, this.statNames.get(cluster) ?? cluster);
  }
}
