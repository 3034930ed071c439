// A first-in first-out queue with a limit. Mailboxes and pending lists are made of it; who offers must handle a refusal.

/** Holds at most `itemsMax` items; offering to a full one is refused, never queued. */
export class BoundedQueue<Item> {
  readonly itemsMax: number;
  private readonly ring: (Item | undefined)[] = [];
  private head = 0;
  private count = 0;

  constructor(itemsMax: number) {
    this.itemsMax = itemsMax;
  }

  get size(): number {
    return this.count;
  }

  /** Appends; false when full. */
  offer(item: Item): boolean {
    if (this.count === this.itemsMax) return false;
    if (this.count === this.ring.length) this.grow();
    this.ring[(this.head + this.count) % this.ring.length] = item;
    this.count++;
    return true;
  }

  /** Takes the oldest item; undefined when empty. */
  take(): Item | undefined {
    if (this.count === 0) return undefined;
    const item = this.ring[this.head];
    this.ring[this.head] = undefined;
    this.head = (this.head + 1) % this.ring.length;
    this.count--;
    return item;
  }

  private grow(): void {
    const length = Math.min(this.itemsMax, Math.max(8, this.ring.length * 2));
    const items: (Item | undefined)[] = [];
    for (let i = 0; i < this.count; i++) items.push(this.ring[(this.head + i) % this.ring.length]);
    while (items.length < length) items.push(undefined);
    this.ring.length = 0;
    this.ring.push(...items);
    this.head = 0;
  }
}
