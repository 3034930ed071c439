// What ring and Maglev table have in common: a hash leads to a host, and each further attempt to another place. Filled by
// hash-balancer.ts from the shares of hosts.
import type { Bits64 } from "../../../base/bits64.ts";

/** Where a hash leads. */
export interface HashTable {
  /** The place of the host among those that the table was made of. `attempt`: 0, then one more for each host that was refused. */
  indexOf(hash: Bits64, attempt: number): number;
}
