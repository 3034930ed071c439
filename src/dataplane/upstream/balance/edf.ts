// Earliest deadline first (Envoy's EdfScheduler): every host has a deadline one weighted share after its last pick, and the earliest
// one is picked. With fixed weights deadlines are computed from pick counts, so that any sum(weights) picks in a row are exact.
import type { Random } from "../../../base/random.ts";
import type { Host } from "./host.ts";

/** One schedule over a fixed list of hosts; a list that changed gets a new one. */
export class EdfSchedule<H extends Host> {
  private readonly hosts: readonly H[];
  private readonly weightOf: ((host: H) => number) | null;
  /** A binary heap in three arrays: deadline, insertion order (breaks ties first in, first out), index of the host. */
  private readonly deadlines: Float64Array;
  private readonly orders: Float64Array;
  private readonly indices: Int32Array;
  /** By host index: where in its first share each host began, plus its picks. Used with fixed weights only. */
  private readonly picks: Float64Array;
  private nextOrder = 0;
  private time = 0;

  /**
   * Every host begins at a random place of its share, so that proxies do not start in step, and that a schedule which is made anew
   * after every few picks starves nobody. `weightOf`: the weight at the time of the pick; null: the host's own, fixed.
   */
  constructor(hosts: readonly H[], random: Random, weightOf: ((host: H) => number) | null) {
    const count = hosts.length;
    this.hosts = hosts;
    this.weightOf = weightOf;
    this.deadlines = new Float64Array(count);
    this.orders = new Float64Array(count);
    this.indices = new Int32Array(count);
    this.picks = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const host = hosts[i] as H;
      const weight = weightOf === null ? host.weight : weightOf(host);
      const begun = random.next32() / 0x1_0000_0000;
      this.picks[i] = begun;
      this.deadlines[i] = begun / weight;
      this.orders[i] = this.nextOrder++;
      this.indices[i] = i;
    }
    for (let at = (count >> 1) - 1; at >= 0; at--) this.sink(at);
  }

  /** Rounds since the start: a schedule of many should be made anew, before its deadlines lose precision. */
  get rounds(): number {
    return this.time;
  }

  /** The next host. There must be one. */
  pick(): H {
    const index = this.indices[0] as number;
    const host = this.hosts[index] as H;
    this.time = this.deadlines[0] as number;
    if (this.weightOf === null) {
      const picks = (this.picks[index] as number) + 1;
      this.picks[index] = picks;
      this.deadlines[0] = picks / host.weight;
    } else {
      this.deadlines[0] = this.time + 1 / this.weightOf(host);
    }
    this.orders[0] = this.nextOrder++;
    this.sink(0);
    return host;
  }

  private sink(from: number): void {
    const { deadlines, orders, indices } = this;
    const count = indices.length;
    const deadline = deadlines[from] as number;
    const order = orders[from] as number;
    const index = indices[from] as number;
    let at = from;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= count) break;
      if (child + 1 < count && this.isBefore(child + 1, deadlines[child] as number, orders[child] as number)) child++;
      if (!this.isBefore(child, deadline, order)) break;
      deadlines[at] = deadlines[child] as number;
      orders[at] = orders[child] as number;
      indices[at] = indices[child] as number;
      at = child;
    }
    deadlines[at] = deadline;
    orders[at] = order;
    indices[at] = index;
  }

  private isBefore(at: number, deadline: number, order: number): boolean {
    const mine = this.deadlines[at] as number;
    return mine < deadline || (mine === deadline && (this.orders[at] as number) < order);
  }
}
