// Numbers for endpoints in the node-wide tables. A number given back is used again only when its owner says that nobody reads it.

/** Hands out the lowest numbers it can. */
export class SlotPool {
  private readonly free: number[] = [];
  private readonly slotsMax: number;
  private next = 0;

  constructor(slotsMax: number) {
    this.slotsMax = slotsMax;
  }

  /** Numbers that nobody has. */
  get left(): number {
    return this.slotsMax - this.next + this.free.length;
  }

  /** A number that nobody has. Throws at the limit: the tables have no more room. */
  take(): number {
    const reused = this.free.pop();
    if (reused !== undefined) return reused;
    if (this.next === this.slotsMax) throw new Error(`more than ${this.slotsMax} endpoints in one node`);
    return this.next++;
  }

  /** Takes a number back. */
  give(slot: number): void {
    this.free.push(slot);
  }
}
