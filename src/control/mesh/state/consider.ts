// Everything that is decided of one target, again from what is known now: nothing is done because of an event alone, so that a message
// lost or doubled leaves no trace.
import { decideExtra } from "./confirming.ts";
import type { Target } from "./entities.ts";
import { decideImmediate } from "./immediate.ts";
import { decideProbing } from "./ladder.ts";
import { decideLeftAlone } from "./resigning.ts";
import type { Turn } from "./turn.ts";
import { decideVerdict } from "./verdict.ts";

/** Decides it, and when to look again. */
export function consider(turn: Turn, target: Target): void {
  if (turn.state.targets.get(target.key) !== target) return;
  // The verdict first: who begins to probe begins with it.
  const verdictMs = decideVerdict(turn, target);
  const privateMs = target.isPrivate ? decideLeftAlone(turn, target) : Number.POSITIVE_INFINITY;
  const probingMs = decideProbing(turn, target);
  const extraMs = decideExtra(turn, target);
  turn.at(target, Math.min(probingMs, verdictMs, extraMs, privateMs, decideImmediate(turn, target)));
}
