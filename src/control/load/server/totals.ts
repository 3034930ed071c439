// What was reported so far, by cluster, locality and endpoint. Counters only grow; what is under way now is the sum of what each living
// stream said last, and goes with it. Called by lrs-behaviour.ts; shown by the pages.
import {
  ALL_LOCALITIES_MAX,
  CATEGORIES_MAX,
  CLUSTER_NAME_BYTES_MAX,
  CLUSTERS_MAX,
  ENDPOINTS_MAX,
  LOCALITIES_MAX,
} from "./limits.ts";
import type { ReportedCluster, ReportedCounts, ReportedLocality } from "./load-report.ts";

/** Sums of counts. */
export type Sums = { -readonly [Name in keyof ReportedCounts]: number };

/** One endpoint's. */
export interface EndpointTotals {
  readonly address: string;
  readonly sums: Sums;
}

/** One locality's at one priority. */
export interface LocalityTotals extends Pick<ReportedLocality, "region" | "zone" | "subZone" | "priority"> {
  readonly sums: Sums;
  readonly endpoints: ReadonlyMap<string, EndpointTotals>;
}

/** One cluster's. */
export interface ClusterTotals {
  readonly cluster: string;
  /** As it was reported last. */
  readonly service: string;
  readonly sums: Sums;
  readonly reports: number;
  readonly dropped: number;
  readonly droppedBy: ReadonlyMap<string, number>;
  readonly localities: ReadonlyMap<string, LocalityTotals>;
}

/** What one stream has under way: how much of each gauge is its part. */
export type StreamGauges = Map<Sums, { readonly active: number; readonly cxActive: number }>;

/** All clusters'. */
export class LoadTotals {
  readonly clusters: ReadonlyMap<string, ClusterTotals>;
  /** How often a limit kept counts in a greater sum only. */
  folded: number = 0;
  private readonly byName = new Map<string, MutableCluster>();
  private localityCount = 0;
  private endpointCount = 0;

  constructor() {
    this.clusters = this.byName;
  }

  /** Adds what happened. */
  add(clusters: readonly ReportedCluster[]): void {
    for (const reported of clusters) {
      const cluster = this.clusterOf(reported.cluster);
      cluster.service = reported.service;
      cluster.reports++;
      cluster.dropped += reported.droppedTotal;
      for (const { category, count } of reported.dropped) this.addDropped(cluster, category, count);
      this.visit(cluster, reported, addCounts);
    }
  }

  /** What a stream has under way is from now on this. */
  show(clusters: readonly ReportedCluster[], gauges: StreamGauges): void {
    this.release(gauges);
    for (const reported of clusters) {
      if (!reported.localities.some(isUnderWay)) continue;
      this.visit(this.clusterOf(reported.cluster), reported, (sums, counts) => addGauges(sums, counts, gauges));
    }
  }

  /** A stream has ended: nothing of it is under way. */
  release(gauges: StreamGauges): void {
    for (const [sums, { active, cxActive }] of gauges) {
      sums.active -= active;
      sums.cxActive -= cxActive;
    }
    gauges.clear();
  }

  /** Each sum that a report's counts belong to. */
  private visit(cluster: MutableCluster, { localities }: ReportedCluster, visit: Visit): void {
    for (const reported of localities) {
      visit(cluster.sums, reported.counts);
      const locality = this.localityOf(cluster, reported);
      if (locality === null) continue;
      visit(locality.sums, reported.counts);
      for (const { address, counts } of reported.endpoints) {
        const endpoint = locality.endpoints.get(address) ?? this.newEndpoint(locality, address);
        if (endpoint !== null) visit(endpoint.sums, counts);
      }
    }
  }

  private addDropped({ droppedBy }: MutableCluster, category: string, count: number): void {
    if (droppedBy.has(category) || droppedBy.size < CATEGORIES_MAX) {
      droppedBy.set(category, (droppedBy.get(category) ?? 0) + count);
    } else this.folded++;
  }

  private localityOf({ localities }: MutableCluster, reported: ReportedLocality): MutableLocality | null {
    const { region, zone, subZone, priority } = reported;
    const key = JSON.stringify([region, zone, subZone, priority]);
    const held = localities.get(key);
    if (held !== undefined) return held;
    if (localities.size >= LOCALITIES_MAX || this.localityCount >= ALL_LOCALITIES_MAX) {
      this.folded++;
      return null;
    }
    this.localityCount++;
    const locality = { region, zone, subZone, priority, sums: noSums(), endpoints: new Map() };
    localities.set(key, locality);
    return locality;
  }

  private newEndpoint(locality: MutableLocality, address: string): EndpointTotals | null {
    if (this.endpointCount >= ENDPOINTS_MAX) {
      this.folded++;
      return null;
    }
    this.endpointCount++;
    const endpoint = { address, sums: noSums() };
    locality.endpoints.set(address, endpoint);
    return endpoint;
  }

  private clusterOf(name: string): MutableCluster {
    const held = this.byName.get(name);
    if (held !== undefined) return held;
    const isTooMuch = this.byName.size >= CLUSTERS_MAX || Buffer.byteLength(name) > CLUSTER_NAME_BYTES_MAX;
    if (isTooMuch && name !== OTHERS) {
      this.folded++;
      return this.clusterOf(OTHERS);
    }
    const cluster: MutableCluster = {
      cluster: name,
      service: "",
      sums: noSums(),
      reports: 0,
      dropped: 0,
      droppedBy: new Map(),
      localities: new Map(),
    };
    this.byName.set(name, cluster);
    return cluster;
  }
}

interface MutableLocality extends LocalityTotals {
  readonly endpoints: Map<string, EndpointTotals>;
}

interface MutableCluster extends ClusterTotals {
  service: string;
  reports: number;
  dropped: number;
  readonly droppedBy: Map<string, number>;
  readonly localities: Map<string, MutableLocality>;
}

type Visit = (sums: Sums, counts: ReportedCounts) => void;

function addCounts(sums: Sums, counts: ReportedCounts): void {
  sums.success += counts.success;
  sums.error += counts.error;
  sums.issued += counts.issued;
  sums.cxTotal += counts.cxTotal;
  sums.cxFailed += counts.cxFailed;
}

function addGauges(sums: Sums, { active, cxActive }: ReportedCounts, gauges: StreamGauges): void {
  if (active === 0 && cxActive === 0) return;
  sums.active += active;
  sums.cxActive += cxActive;
  const held = gauges.get(sums);
  gauges.set(sums, { active: active + (held?.active ?? 0), cxActive: cxActive + (held?.cxActive ?? 0) });
}

function isUnderWay({ counts }: ReportedLocality): boolean {
  return counts.active > 0 || counts.cxActive > 0;
}

function noSums(): Sums {
  return { success: 0, error: 0, issued: 0, active: 0, cxTotal: 0, cxFailed: 0, cxActive: 0 };
}

/** Not a name that a file can have by chance. */
const OTHERS = "(others)";
