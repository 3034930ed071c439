// The newest endpoint set of every cluster, and what each worker has of it. A worker gets one delta at a time; what changes until it
// acknowledges merges into the next one, so a slow worker never queues. Pure: answers with the updates to send.
import type { EndpointPlan } from "../config/plan/cluster.ts";
import type { EndpointSet, EndpointUpdate } from "../messages/endpoints.ts";

interface Reader {
  /** Version it has acknowledged. */
  held: number;
  /** Version it was last sent; above `held` while an update is unread. */
  sent: number;
}

/** The endpoint sets of a node. */
export class EndpointBook {
  private readonly sets = new Map<string, EndpointSet>();
  private readonly readers = new Map<number, Reader>();
  private current = 0;

  /** The newest version; 0 before the first set. */
  get version(): number {
    return this.current;
  }

  /** Every set, for admin pages. */
  all(): readonly EndpointSet[] {
    return [...this.sets.values()];
  }

  /** Takes a cluster's new endpoints in as the next version. */
  replace(cluster: string, endpoints: readonly EndpointPlan[]): void {
    this.current++;
    this.sets.set(cluster, { cluster, version: this.current, endpoints });
  }

  /** Forgets clusters that the plan no longer has. */
  keepOnly(clusters: ReadonlySet<string>): void {
    for (const name of this.sets.keys()) if (!clusters.has(name)) this.sets.delete(name);
  }

  /** A worker begins, or begins again: the full copy that it starts from. */
  open(slot: number): EndpointUpdate {
    this.readers.set(slot, { held: 0, sent: this.current });
    return this.update(0);
  }

  /** A worker is gone. */
  close(slot: number): void {
    this.readers.delete(slot);
  }

  /** The delta for a worker that is idle and behind; null when it is neither. */
  next(slot: number): EndpointUpdate | null {
    const reader = this.readers.get(slot);
    if (reader === undefined || reader.sent !== reader.held || reader.held === this.current) return null;
    reader.sent = this.current;
    return this.update(reader.held);
  }

  /** A worker has applied a version. */
  acknowledge(slot: number, version: number): void {
    const reader = this.readers.get(slot);
    if (reader !== undefined && version === reader.sent) reader.held = version;
  }

  /** The version that every worker has acknowledged: what is gone since then may be used again. */
  heldByAll(): number {
    return Math.min(this.current, ...[...this.readers.values()].map(({ held }) => held));
  }

  private update(baseVersion: number): EndpointUpdate {
    const sets = [...this.sets.values()].filter(({ version }) => version > baseVersion);
    return { type: "endpoints-changed", baseVersion, version: this.current, sets };
  }
}
