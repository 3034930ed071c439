// What the workers of a node have in use together (breaker resources of a cluster, active requests of an endpoint): per-worker cells
// with a single writer each, in shared memory; readers sum. When a worker dies the supervisor clears its cells.

/** Shape of a table. */
export interface UseShape {
  readonly rows: number;
  /** Cells that one worker has in one row. */
  readonly columns: number;
  readonly workers: number;
}

/** Makes a table's memory; pages that nobody touched cost no RAM. */
export function createUseMemory(shape: UseShape): SharedArrayBuffer {
  return new SharedArrayBuffer(shape.rows * shape.columns * shape.workers * 4);
}

/** One worker's view of a table. */
export class UseTable {
  private readonly cells: Int32Array;
  private readonly columns: number;
  private readonly workers: number;
  /** Index of the worker that writes, from 0. */
  readonly worker: number;

  constructor(memory: SharedArrayBuffer, shape: UseShape, worker: number) {
    this.cells = new Int32Array(memory);
    this.columns = shape.columns;
    this.workers = shape.workers;
    this.worker = worker;
  }

  /** Changes this worker's cell. */
  add(row: number, column: number, change: number): void {
    const at = (row * this.workers + this.worker) * this.columns + column;
    this.cells[at] = (this.cells[at] as number) + change;
  }

  /** This worker's cell. */
  own(row: number, column: number): number {
    return this.of(this.worker, row, column);
  }

  /** A worker's cell. */
  of(worker: number, row: number, column: number): number {
    return this.cells[(row * this.workers + worker) * this.columns + column] as number;
  }

  /** Sum over the workers. */
  sum(row: number, column: number): number {
    const { cells, columns, workers } = this;
    let at = row * workers * columns + column;
    let sum = cells[at] as number;
    for (let worker = 1; worker < workers; worker++) {
      at += columns;
      sum += cells[at] as number;
    }
    return sum;
  }

  /** Zeroes the cells of a worker that is gone. */
  clearWorker(worker: number): void {
    const { cells, columns, workers } = this;
    for (let at = worker * columns; at < cells.length; at += workers * columns) cells.fill(0, at, at + columns);
  }
}
