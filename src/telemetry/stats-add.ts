// Adding to a slot of a block: one place for the idiom that noUncheckedIndexedAccess makes long.
import type { StatSlot } from "./stats-memory.ts";

/** Adds one. */
export function count(block: Float64Array, at: number): void {
  block[at] = (block[at] as number) + 1;
}

/** Adds `amount`, which may be negative for gauges. */
export function add(block: Float64Array, at: number, amount: number): void {
  block[at] = (block[at] as number) + amount;
}

/** Adds `amount` to a slot of its own. */
export function addTo({ values, at }: StatSlot, amount: number): void {
  values[at] = (values[at] as number) + amount;
}
