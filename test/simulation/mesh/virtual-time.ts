// Time of a simulated world: what is to happen, in order. Nothing in it is real.

/** Something to happen; `run` is called once unless it was cancelled. */
export interface Happening {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | null;
}

/** A queue of happenings by time, those of one time as they were put. */
export class VirtualTime {
  nowMs = 0;
  private count = 0;
  private inOneMs = 0;
  private readonly heap: Happening[] = [];

  /** Has something happen after `delayMs`. */
  after(delayMs: number, run: () => void): Happening {
    const happening = { atMs: this.nowMs + Math.max(0, delayMs), order: this.count++, run };
    this.heap.push(happening);
    this.rise(this.heap.length - 1);
    return happening;
  }

  /** Lets everything happen up to `endMs`. */
  runUntil(endMs: number): void {
    for (let top = this.heap[0]; top !== undefined && top.atMs <= endMs; top = this.heap[0]) {
      this.pop();
      if (top.run === null) continue;
      this.inOneMs = top.atMs - this.nowMs < 1e-6 ? this.inOneMs + 1 : 0;
      if (this.inOneMs > AT_ONCE_MAX) throw new Error("time stands still: something happens again and again at once");
      this.nowMs = top.atMs;
      top.run();
    }
    this.nowMs = endMs;
  }

  private pop(): void {
    const last = this.heap.pop();
    if (last === undefined || this.heap.length === 0) return;
    this.heap[0] = last;
    this.sink();
  }

  private rise(from: number): void {
    const { heap } = this;
    const item = heap[from] as Happening;
    let at = from;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up] as Happening;
      if (!isBefore(item, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = item;
  }

  private sink(): void {
    const { heap } = this;
    const item = heap[0] as Happening;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      const left = heap[down];
      if (left === undefined) break;
      const right = heap[down + 1];
      let child = left;
      if (right !== undefined && isBefore(right, left)) {
        child = right;
        down++;
      }
      if (!isBefore(child, item)) break;
      heap[at] = child;
      at = down;
    }
    heap[at] = item;
  }
}

function isBefore(one: Happening, other: Happening): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

/** Happenings of one moment, far more than any world has. */
const AT_ONCE_MAX = 20_000;
