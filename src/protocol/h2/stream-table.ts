// The open streams of one connection by id. No Map: one that is filled and emptied for ever replaces its table again and again, each old
// table still refers to the next one and to the streams of its time, and once one of them is old all the others outlive every young
// collection (measured: 40 ms of pause instead of 1). Used by the connections and by what they are made of.
import type { Http2Stream } from "./stream.ts";

/** Open addressing with linear probing; the table grows with the streams that are open at once, not with those that were. */
export class StreamTable {
  /** Streams in the table. */
  size: number = 0;
  private slots: (Http2Stream | null)[] = emptySlots(SLOTS_INITIAL);

  /** The stream with this id, undefined when it is not open. */
  get(streamId: number): Http2Stream | undefined {
    const { slots } = this;
    const mask = slots.length - 1;
    for (let at = home(streamId, mask); ; at = (at + 1) & mask) {
      const stream = slots[at] as Http2Stream | null;
      if (stream === null) return undefined;
      if (stream.streamId === streamId) return stream;
    }
  }

  /** Adds a stream whose id is not in the table and does not change while it is. */
  add(stream: Http2Stream): void {
    if (++this.size * 2 > this.slots.length) this.grow();
    place(this.slots, stream);
  }

  /** Takes a stream out; false: it was not in. */
  delete(streamId: number): boolean {
    const { slots } = this;
    const mask = slots.length - 1;
    let hole = home(streamId, mask);
    for (; ; hole = (hole + 1) & mask) {
      const stream = slots[hole] as Http2Stream | null;
      if (stream === null) return false;
      if (stream.streamId === streamId) break;
    }
    // What was pushed aside moves back, so that no search ends at the hole too early.
    for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
      const stream = slots[at] as Http2Stream | null;
      if (stream === null) break;
      const distance = (at - home(stream.streamId, mask)) & mask;
      if (distance < ((at - hole) & mask)) continue;
      slots[hole] = stream;
      hole = at;
    }
    slots[hole] = null;
    this.size--;
    return true;
  }

  /** All streams, oldest first, in an array of the caller's own: the table may change meanwhile. */
  list(): Http2Stream[] {
    const found = this.slots.filter((stream) => stream !== null);
    return found.sort((a, b) => a.streamId - b.streamId);
  }

  private grow(): void {
    const slots = emptySlots(this.slots.length * 2);
    for (const stream of this.slots) if (stream !== null) place(slots, stream);
    this.slots = slots;
  }
}

function place(slots: (Http2Stream | null)[], stream: Http2Stream): void {
  const mask = slots.length - 1;
  let at = home(stream.streamId, mask);
  while (slots[at] !== null) at = (at + 1) & mask;
  slots[at] = stream;
}

/** A peer's streams have every other number, so neighbours get neighbouring slots. */
function home(streamId: number, mask: number): number {
  return (streamId >>> 1) & mask;
}

function emptySlots(count: number): (Http2Stream | null)[] {
  return new Array<Http2Stream | null>(count).fill(null);
}

const SLOTS_INITIAL = 32;
