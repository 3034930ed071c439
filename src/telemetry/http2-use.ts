// How many HTTP/2 connections and streams each worker serves now, in shared memory: a worker writes its own, the supervisor reads all.
// Connections that were asked to end count no more, and neither do their streams: both are on their way out.
import { createUseMemory, type UseShape, UseTable } from "./use-table.ts";

/** What one worker serves over HTTP/2. */
export interface Http2Load {
  readonly slot: number;
  readonly connections: number;
  readonly streams: number;
}

/** Counter of the connections that were asked to end so that their worker has less to do. */
export const HTTP2_REBALANCED: string = "starling.http2_rebalanced";

/** Makes the memory. */
export function createHttp2UseMemory(workers: number): SharedArrayBuffer {
  return createUseMemory(shapeOf(workers));
}

/** One worker's view; the supervisor's is that of any worker. */
export class Http2Use {
  private readonly table: UseTable;

  constructor(memory: SharedArrayBuffer, workers: number, worker: number) {
    this.table = new UseTable(memory, shapeOf(workers), worker);
  }

  /** Changes what this worker serves. */
  add(connections: number, streams: number): void {
    this.table.add(0, CONNECTIONS, connections);
    this.table.add(0, STREAMS, streams);
  }

  /** Changes the streams that this worker serves. */
  addStreams(change: number): void {
    this.table.add(0, STREAMS, change);
  }

  /** What a worker serves. */
  load(slot: number): Http2Load {
    return {
      slot,
      connections: this.table.of(slot, 0, CONNECTIONS),
      streams: this.table.of(slot, 0, STREAMS),
    };
  }

  /** A worker died: it serves nothing. */
  clearWorker(slot: number): void {
    this.table.clearWorker(slot);
  }
}

function shapeOf(workers: number): UseShape {
  return { rows: 1, columns: COLUMNS, workers };
}

const CONNECTIONS = 0;
const STREAMS = 1;
/** A cache line, so that no two workers write the same one. */
const COLUMNS = 16;
