// The table of MAGLEV (Eisenbud et al., 2016, listing 1): hosts take its entries in turn, each in an order of its own. Made by
// hash-balancer.ts; the same hosts give the same table as in Envoy.
import { Bits64 } from "../../../base/bits64.ts";
import { xxHash64 } from "../../../base/xx-hash64.ts";
import { dealEntries } from "../../../telemetry/hash-shares.ts";
import type { HashTable } from "./hash-table.ts";

/** A table. */
export class Maglev implements HashTable {
  private readonly size: number;
  /** By entry: the place of its host and one more; 0: nobody's. */
  private readonly owners: Uint32Array;
  private readonly retried = new Bits64();

  /** `shares`: of each key; `size`: a prime. */
  constructor(keys: readonly string[], shares: Float64Array, size: number) {
    this.size = size;
    const owners = new Uint32Array(size);
    this.owners = owners;
    const order = Array.from(keys, (_, i) => i).sort((a, b) => byteOrder(keys[a] as string, keys[b] as string));
    // Where each host looks next, and how far from there.
    const next = new Uint32Array(keys.length);
    const skips = new Uint32Array(keys.length);
    const bits = new Bits64();
    for (const [i, host] of order.entries()) {
      const key = keys[host] as string;
      bits.set(0, 0);
      xxHash64(key, bits);
      next[i] = bits.remainder(size);
      bits.set(0, 1);
      xxHash64(key, bits);
      skips[i] = bits.remainder(size - 1) + 1;
    }
    const inOrder = Float64Array.from(order, (host) => shares[host] as number);
    dealEntries(inOrder, size, (i) => {
      const skip = skips[i] as number;
      let entry = next[i] as number;
      while (owners[entry] !== 0) {
        entry += skip;
        if (entry >= size) entry -= size;
      }
      owners[entry] = (order[i] as number) + 1;
      entry += skip;
      next[i] = entry >= size ? entry - size : entry;
    });
  }

  indexOf(hash: Bits64, attempt: number): number {
    if (attempt === 0) return (this.owners[hash.remainder(this.size)] as number) - 1;
    const { retried } = this;
    retried.copy(hash);
    retried.xor(-1, -attempt);
    return (this.owners[retried.remainder(this.size)] as number) - 1;
  }
}

/** Keys have one character per byte. */
function byteOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
