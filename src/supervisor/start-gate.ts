// What a node's listeners wait for before they open: several things, each of which happens once, in any order.

/** Opens when all has happened. */
export class StartGate<Thing extends string> {
  private readonly awaited: Set<Thing>;
  private readonly onOpen: () => void;

  constructor(things: readonly Thing[], onOpen: () => void) {
    this.awaited = new Set(things);
    this.onOpen = onOpen;
  }

  /** Whether nothing is awaited any more. */
  get isOpen(): boolean {
    return this.awaited.size === 0;
  }

  /** Whether this is still to come. */
  awaits(thing: Thing): boolean {
    return this.awaited.has(thing);
  }

  /** It has happened; again it changes nothing. */
  happened(thing: Thing): void {
    if (this.awaited.delete(thing) && this.isOpen) this.onOpen();
  }
}
