// Spare memory of large heads, kept by thread for the next one. Memory outside V8's heap is collected when 64 MiB of it are garbage: a flood
// of heads that grow to the limit and are refused would take that much in every thread. Called by header-list.ts only.

/** An arena of at least `bytes`, a power of two: a spare one, or a new one of this size. */
export function takeArena(bytes: number): Buffer {
  const at = spares.findIndex(({ length }) => length >= bytes);
  if (at < 0) return Buffer.allocUnsafeSlow(bytes);
  return spares.splice(at, 1)[0] as Buffer;
}

/** Takes an arena back to which nobody refers any more. */
export function giveArena(arena: Buffer): void {
  if (spares.length < SPARES_MAX && arena.length <= SPARE_BYTES_MAX) spares.push(arena);
}

const spares: Buffer[] = [];
/** With the next line: a MiB a thread at most. */
const SPARES_MAX = 8;
/** Twice the default limit of a head. */
const SPARE_BYTES_MAX = 131_072;
