// Who reports the load of the mesh: the first of its living nodes that can by rendezvous hashing. Every node sees for itself.

import type { Member } from "./entities.ts";
import { type Hash64, hashText } from "./hash64.ts";
import type { MeshState } from "./mesh-state.ts";
import { type Candidate, isBefore } from "./rank.ts";

/**
 * Its name; null: this node is in no mesh yet, or there is none. `before`: the one before. A node that leaves reports what it has to the
 * end, unless it has stepped down.
 */
export function loadReporter(state: MeshState, before: string | null): string | null {
  const { self, members, mode, isAlone, options } = state;
  const isLast = mode === "leaving" && before === self.node && self.reportsLoad;
  if (mode === "silent" || mode === "joining" || isLast) return before;
  let first = mayReport(self) ? candidateOf(self) : null;
  for (const member of isAlone ? [] : members.values()) {
    if (member.life === "gone" || member.hasLeft || !mayReport(member)) continue;
    const one = candidateOf(member);
    if (first === null || isBefore(one, first, KEY)) first = one;
  }
  // Before nobody does, one that is about to end does it.
  return first?.node ?? (options.reportsLoad ? self.node : null);
}

function mayReport({ reportsLoad, phase }: Member): boolean {
  return reportsLoad && phase === "serving";
}

/** A node that distrusts its checks counts as well as any. */
function candidateOf({ node, seed }: Candidate): Candidate {
  return { node, seed, isResigned: false };
}

const KEY: Hash64 = hashText("load");
