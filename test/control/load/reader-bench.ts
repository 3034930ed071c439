// The reader of a node's load with threads that count for it, for its tests.
import type { EndpointFacts } from "../../../src/config/plan/endpoint-set.ts";
import { LoadReader } from "../../../src/control/load/load-reader.ts";
import type { ClusterLoad, ConnectionCounts, LoadCounts } from "../../../src/messages/load.ts";
import { HOST } from "../../../src/telemetry/host-stats.ts";
import { type StatsNotice, StatsWriter } from "../../../src/telemetry/stats-memory.ts";
import { endpoint } from "../../support/cluster-plans.ts";

/** A cluster `c`, threads that count its endpoints, and a reader that hears of them. */
export class Bench {
  readonly reader: LoadReader = new LoadReader();
  private readonly threads: Thread[] = [];
  private version = 0;

  constructor() {
    this.list([]);
    this.set([fact(1, {})]);
  }

  /** A plan with this cluster. `connectionClusters`: those of its TCP proxies. */
  list(connectionClusters: readonly string[]): void {
    this.reader.assign([{ name: "c", dropOverload: { category: "lb", share: 1 } }], connectionClusters);
  }

  /** Its notices come at once. */
  thread(index: number): Thread {
    const thread = this.threads[index] ?? new Thread(this.reader, `w${index}`);
    this.threads[index] = thread;
    return thread;
  }

  set(endpoints: readonly EndpointFacts[]): void {
    this.reader.applyEndpoints([{ kind: "full", cluster: "c", row: 0, version: ++this.version, endpoints }]);
  }

  take(granularity: "localities" | "endpoints" = "localities"): ClusterLoad[] {
    return this.reader.take(granularity);
  }
}

/** A thread of the node. */
export class Thread {
  readonly writer: StatsWriter;
  readonly held: Set<number> = new Set();
  /** Requests and connections of all its endpoints. */
  counted: number = 0;
  opened: number = 0;
  private notices: StatsNotice[] = [];
  private readonly reader: LoadReader;
  private readonly name: string;

  constructor(reader: LoadReader, name: string) {
    this.reader = reader;
    this.name = name;
    this.writer = new StatsWriter((notice) => this.notices.push(notice));
  }

  count(port: number, add: LoadCounts, isTold = true): void {
    const block = this.writer.block(HOST, `host.c.127.0.0.1:${port}.`);
    this.held.add(port);
    const { rq_total, rq_success, rq_error, rq_active } = HOST.at;
    block[rq_total] = (block[rq_total] as number) + add.issued;
    block[rq_success] = (block[rq_success] as number) + add.success;
    block[rq_error] = (block[rq_error] as number) + add.error;
    block[rq_active] = (block[rq_active] as number) + add.inProgress;
    this.counted += add.issued;
    if (isTold) this.tell();
  }

  connect(port: number, add: ConnectionCounts, isTold = true): void {
    const block = this.writer.block(HOST, `host.c.127.0.0.1:${port}.`);
    this.held.add(port);
    const { cx_total, cx_connect_fail, cx_active } = HOST.at;
    block[cx_total] = (block[cx_total] as number) + add.opened;
    block[cx_connect_fail] = (block[cx_connect_fail] as number) + add.failed;
    block[cx_active] = (block[cx_active] as number) + add.active;
    this.opened += add.opened;
    if (isTold) this.tell();
  }

  release(port: number, isTold = true): void {
    this.held.delete(port);
    this.writer.release(HOST, `host.c.127.0.0.1:${port}.`);
    if (isTold) this.tell();
  }

  /** The reader hears of what was announced. */
  tell(): void {
    this.reader.notice(this.name, this.notices);
    this.notices = [];
  }
}

/** An endpoint of `c`. */
export function fact(port: number, more: Partial<EndpointFacts>): EndpointFacts {
  return { ...endpoint(port), slot: port, ...more };
}

/** What `c` has when all of it is in one place. */
export function only(counts: LoadCounts, connections: ConnectionCounts | null = null): ClusterLoad {
  return {
    ...NOTHING,
    localities: [
      { locality: { region: "", zone: "", subZone: "" }, priority: 0, ...counts, connections, endpoints: [] },
    ],
  };
}

/** `c` without localities. */
export const NOTHING: Omit<ClusterLoad, "localities"> = { cluster: "c", serviceName: "", droppedTotal: 0, dropped: [] };
