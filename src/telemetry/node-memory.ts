// The tables that all workers of a node share: health, breaker use, load, outliers, doubts. The supervisor makes their memory once and gives it to every
// worker and to the health side by structured clone; when a worker dies it clears what that worker had in use.

import { createDoubtMemory, type DoubtMemory, DoubtTable } from "./doubt-table.ts";
import { createHealthMemory, type HealthMemory, HealthTable, ROWS_MAX, SLOTS_MAX } from "./health-table.ts";
import { createHttp2UseMemory, Http2Use } from "./http2-use.ts";
import { createModuleWatchMemory, ModuleWatch } from "./module-watch.ts";
import { createCountMemory, NodeCounts } from "./node-counts.ts";
import { createOutlierMemory, type OutlierMemory, OutlierTable } from "./outlier-table.ts";
import { createTrafficMemory, TrafficTable } from "./traffic-table.ts";
import { createUseMemory, type UseShape, UseTable } from "./use-table.ts";

/** The memory of all tables, with what is needed to read it. */
export interface NodeMemory {
  readonly workers: number;
  readonly slots: number;
  readonly rows: number;
  readonly health: HealthMemory;
  readonly breakers: SharedArrayBuffer;
  readonly load: SharedArrayBuffer;
  readonly http2: SharedArrayBuffer;
  readonly modules: SharedArrayBuffer;
  readonly outliers: OutlierMemory;
  readonly traffic: SharedArrayBuffer;
  readonly doubts: DoubtMemory;
  readonly counts: SharedArrayBuffer;
}

/** One worker's view. */
export interface NodeTables {
  readonly health: HealthTable;
  /** Rows are clusters; columns are the resources of each priority (breaker-columns.ts). */
  readonly breakers: UseTable;
  /** Rows are endpoint slots; columns: requests in flight, and connections where they are limited. */
  readonly load: UseTable;
  /** Connections and streams of HTTP/2 downstreams. */
  readonly http2: Http2Use;
  /** Filter modules that run now. */
  readonly modules: ModuleWatch;
  /** What was seen of endpoints, for outlier detection. */
  readonly outliers: OutlierTable;
  /** Rows are clusters. */
  readonly traffic: TrafficTable;
  /** What was seen against endpoints, for the mesh. */
  readonly doubts: DoubtTable;
  /** Downstream connections of each listener and of all, and faults that are active. */
  readonly counts: NodeCounts;
}

/** Makes the memory. `slots` and `rows` are the most endpoints and clusters of the node; pages that nobody touched cost no RAM. */
export function createNodeMemory(workers: number, slots: number = SLOTS_MAX, rows: number = ROWS_MAX): NodeMemory {
  return {
    workers,
    slots,
    rows,
    health: createHealthMemory(slots, rows),
    breakers: createUseMemory(breakerShape(rows, workers)),
    load: createUseMemory(loadShape(slots, workers)),
    http2: createHttp2UseMemory(workers),
    modules: createModuleWatchMemory(workers),
    outliers: createOutlierMemory(slots, rows),
    traffic: createTrafficMemory(rows),
    doubts: createDoubtMemory(slots, rows),
    counts: createCountMemory(workers),
  };
}

/** The view of one worker, by its index. */
export function nodeTables(memory: NodeMemory, worker: number): NodeTables {
  return {
    health: new HealthTable(memory.health),
    breakers: new UseTable(memory.breakers, breakerShape(memory.rows, memory.workers), worker),
    load: new UseTable(memory.load, loadShape(memory.slots, memory.workers), worker),
    http2: new Http2Use(memory.http2, memory.workers, worker),
    modules: new ModuleWatch(memory.modules, worker),
    outliers: new OutlierTable(memory.outliers),
    traffic: new TrafficTable(memory.traffic),
    doubts: new DoubtTable(memory.doubts),
    counts: new NodeCounts(memory.counts, memory.workers, worker),
  };
}

/** A worker died: what it had in use is free again. Passes over the whole tables. */
export function clearWorker(memory: NodeMemory, worker: number): void {
  const tables = nodeTables(memory, worker);
  tables.breakers.clearWorker(worker);
  tables.load.clearWorker(worker);
  tables.http2.clearWorker(worker);
  tables.counts.clearWorker(worker);
  tables.modules.clearWorker(worker);
}

function breakerShape(rows: number, workers: number): UseShape {
  return { rows, columns: BREAKER_COLUMNS, workers };
}

function loadShape(slots: number, workers: number): UseShape {
  return { rows: slots, columns: 2, workers };
}

/** Two priorities of five resources, filled up to a cache line, so that no two workers write the same one. */
const BREAKER_COLUMNS = 16;
