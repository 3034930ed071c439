// What all threads of this node have counted of single clusters, for the guards of the mesh's runtime: looked up twice a second while somebody asks.
// Made by the supervisor; used by mesh-owner.ts.
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";
import type { MeshOrder } from "../messages/mesh.ts";
import type { ClusterFigures } from "../messages/mesh-runtime.ts";
import type { StatsNotice } from "../telemetry/stats-memory.ts";
import { type NoticeSource, StatsReader } from "../telemetry/stats-reader.ts";

/** Where figures come from. */
export interface ClusterFigureSource {
  /** So far; a cluster that nobody has sent anything to has none. */
  figures(cluster: string): ClusterFigures;
}

/** Reads the counters of all threads. */
export class ClusterFigureReader implements ClusterFigureSource {
  private readonly stats: NoticeSource;
  private readonly nameOf: (cluster: string) => string;
  private readonly readers = new Map<string, StatsReader>();

  /** `nameOf`: under which a cluster counts. */
  constructor(stats: NoticeSource, nameOf: (cluster: string) => string) {
    this.stats = stats;
    this.nameOf = nameOf;
  }

  figures(cluster: string): ClusterFigures {
    const prefix = `cluster.${this.nameOf(cluster)}.upstream_rq_`;
    const reader = this.readers.get(prefix) ?? new StatsReader(only(this.stats, prefix));
    this.readers.set(prefix, reader);
    reader.flush();
    const times = reader.histograms().find(({ name }) => name === `${prefix}time`)?.cumulative ?? [];
    return {
      requests: reader.value(`${prefix}completed`),
      errors: reader.value(`${prefix}5xx`),
      latencies: [...times].flatMap((count, bucket) => (count > 0 ? [[bucket, count] as const] : [])),
    };
  }
}

/** Tells the mesh of those that it asks for. */
export class FigureWatch {
  private readonly wheel: TimerWheel;
  private readonly source: ClusterFigureSource;
  private readonly send: (order: MeshOrder) => void;
  private readonly timer: Timer = new Timer(() => this.tell());
  private clusters: readonly string[] = [];

  constructor(wheel: TimerWheel, source: ClusterFigureSource, send: (order: MeshOrder) => void) {
    this.wheel = wheel;
    this.source = source;
    this.send = send;
  }

  /** These from now on, the first time at once; none: nobody asks any more. */
  follow(clusters: readonly string[]): void {
    this.clusters = clusters;
    this.wheel.remove(this.timer);
    if (clusters.length > 0) this.tell();
  }

  private tell(): void {
    for (const cluster of this.clusters) {
      this.send({ type: "tell-figures", cluster, figures: this.source.figures(cluster) });
    }
    this.wheel.arm(this.timer, TELL_MS);
  }
}

/** What counts under this prefix, without the thousands of others. */
function only(stats: NoticeSource, prefix: string): NoticeSource {
  const isWanted = (notice: StatsNotice): boolean => !("name" in notice) || notice.name.startsWith(prefix);
  const isBlock = ({ type }: StatsNotice): boolean => type === "block" || type === "freed" || type === "forgotten";
  return {
    get generation() {
      return stats.generation;
    },
    schema: (id) => stats.schema(id),
    sources: () =>
      stats.sources().map(({ writer, notices }) => ({
        writer,
        notices: notices.filter((notice) => !isBlock(notice) && isWanted(notice)),
      })),
  };
}

const TELL_MS = 500;
