// The ring of RING_HASH (ketama): every host has points on it, and a hash belongs to the next point. Made by hash-balancer.ts; the same
// hosts give the same ring as in Envoy.
import { Bits64 } from "../../../base/bits64.ts";
import { murmurHash2 } from "../../../base/murmur-hash2.ts";
import { xxHash64 } from "../../../base/xx-hash64.ts";
import type { HashTable } from "./hash-table.ts";

/** A ring. */
export class Ring implements HashTable {
  /** Points in ascending order: the lower half of each, then its upper half. */
  private readonly points: Uint32Array;
  /** By point: the place of its host. */
  private readonly owners: Uint32Array;

  /** `counts`: how many points each key has. */
  constructor(keys: readonly string[], counts: Uint32Array, hash: "xx_hash" | "murmur_hash_2") {
    const size = counts.reduce((all, one) => all + one, 0);
    const made = new Uint32Array(2 * size);
    const hashOf = hash === "xx_hash" ? xxHash64 : murmurHash2;
    const bits = new Bits64();
    let at = 0;
    for (const [i, key] of keys.entries()) {
      for (let point = 0; point < (counts[i] as number); point++) {
        bits.set(0, 0);
        hashOf(`${key}_${point}`, bits);
        made[at++] = bits.low;
        made[at++] = bits.high;
      }
    }
    this.points = made.slice();
    new BigUint64Array(this.points.buffer).sort(); // in V8's own code: not one BigInt is made
    this.owners = this.ownersOf(made, counts);
  }

  indexOf(hash: Bits64, attempt: number): number {
    const size = this.owners.length;
    const at = this.firstFrom(hash.high >>> 0, hash.low >>> 0);
    return this.owners[(at + attempt) % size] as number;
  }

  /** The first point that is not below a hash; the number of points when all are. */
  private firstFrom(high: number, low: number): number {
    const { points } = this;
    let from = 0;
    let to = points.length >>> 1;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const pointHigh = points[2 * middle + 1] as number;
      if (pointHigh < high || (pointHigh === high && (points[2 * middle] as number) < low)) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** Finds the place of each point again. Of equal points the host that comes first has the first. */
  private ownersOf(made: Uint32Array, counts: Uint32Array): Uint32Array {
    const owners = new Uint32Array(made.length >>> 1).fill(NOBODY);
    let at = 0;
    for (let host = 0; host < counts.length; host++) {
      for (let point = 0; point < (counts[host] as number); point++) {
        let place = this.firstFrom(made[at + 1] as number, made[at] as number);
        while (owners[place] !== NOBODY) place++;
        owners[place] = host;
        at += 2;
      }
    }
    return owners;
  }
}

const NOBODY = 0xffff_ffff;
