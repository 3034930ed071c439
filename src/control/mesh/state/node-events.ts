// What a node's way through the mesh tells the world: its own steps itself, its loss the first of those who are left.
import { announce } from "./announcements.ts";
import type { Member } from "./entities.ts";
import { hashPair, hashText, hexOf } from "./hash64.ts";
import type { NodeEvent } from "./mesh-effects.ts";
import { isBefore } from "./rank.ts";
import type { Turn } from "./turn.ts";

/** This node has come so far. */
export function announceSelf(turn: Turn, what: NodeEvent["what"]): void {
  turn.perform({ type: "publish-node", event: eventOf(turn.state.self, what) });
}

/** A peer was not heard for too long. A node that hears nobody says nothing: it is itself that is lost. */
export function announceLost(turn: Turn, lost: Member): void {
  const { state } = turn;
  if (state.isAlone || !state.isBusUp) return;
  const others = [...state.members.values()].filter(({ life }) => life === "live");
  const place = others.filter((one) => isBefore(one, state.self, lost.seed)).length;
  const event = eventOf(lost, "lost");
  announce(turn, { type: "publish-node", event }, place, () => [event.id]);
}

/** It is heard again, or forgotten: when it is lost once more, that is news. */
export function forgetLoss({ state }: Turn, member: Member): void {
  state.seen.delete(eventOf(member, "lost").id);
}

function eventOf({ node, instance, seed, sequence }: Member, what: NodeEvent["what"]): NodeEvent {
  const when = what === "lost" ? { high: 0, low: 0 } : { high: 1, low: sequence };
  const id = hexOf(hashPair(hashPair(seed, hashText(instance)), hashPair(hashText(what), when)));
  return { id, node, what };
}
