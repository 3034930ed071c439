// What is to be looked at again, and when: a binary heap. A thing stands in it once; put later than it stands, it is looked at when it
// stands and put again then, so that moving on (a probe that came in time) costs nothing.

/** Something with a time of its own. Only the agenda changes the last two. */
export interface Due {
  /** When it is to be looked at next; `Infinity`: never. */
  dueMs: number;
  /** When it stands in the agenda; `Infinity`: it does not. */
  standsMs: number;
  /** Where it stands. */
  place: number;
}

/** What a new thing begins with. */
export function notDue(): Due {
  return { dueMs: Number.POSITIVE_INFINITY, standsMs: Number.POSITIVE_INFINITY, place: -1 };
}

/** Things in the order of their times. */
export class Agenda<Item extends Due> {
  private readonly heap: Item[] = [];

  /** The earliest time at which something may be due; `Infinity`: none. */
  get nextMs(): number {
    return this.heap[0]?.standsMs ?? Number.POSITIVE_INFINITY;
  }

  /** Looks at it at `dueMs`, and at no other time. */
  put(item: Item, dueMs: number): void {
    item.dueMs = dueMs;
    if (dueMs >= item.standsMs) return;
    if (item.place < 0) item.place = this.heap.push(item) - 1;
    item.standsMs = dueMs;
    this.rise(item);
  }

  /** The next one whose time has come; null: none. */
  take(nowMs: number): Item | null {
    for (let top = this.heap[0]; top !== undefined && top.standsMs <= nowMs; top = this.heap[0]) {
      if (top.dueMs <= nowMs) {
        this.removeTop(top);
        return top;
      }
      if (top.dueMs === Number.POSITIVE_INFINITY) this.removeTop(top);
      else {
        top.standsMs = top.dueMs;
        this.sink(top);
      }
    }
    return null;
  }

  private removeTop(top: Item): void {
    top.standsMs = Number.POSITIVE_INFINITY;
    top.place = -1;
    const last = this.heap.pop();
    if (last === undefined || last === top) return;
    this.set(0, last);
    this.sink(last);
  }

  private rise(item: Item): void {
    let at = item.place;
    while (at > 0) {
      const parent = this.heap[(at - 1) >> 1] as Item;
      if (parent.standsMs <= item.standsMs) break;
      this.set(at, parent);
      at = (at - 1) >> 1;
    }
    this.set(at, item);
  }

  private sink(item: Item): void {
    let at = item.place;
    for (;;) {
      const left = this.heap[2 * at + 1];
      if (left === undefined) break;
      const right = this.heap[2 * at + 2];
      const child = right !== undefined && right.standsMs < left.standsMs ? right : left;
      if (child.standsMs >= item.standsMs) break;
      const place = child.place;
      this.set(at, child);
      at = place;
    }
    this.set(at, item);
  }

  private set(place: number, item: Item): void {
    this.heap[place] = item;
    item.place = place;
  }
}
