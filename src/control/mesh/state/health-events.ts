// Which changes of a verdict are told to the world, by whom and under which id: that of the observation that decided.
import type { EndpointStanding } from "../../../messages/checking.ts";
import { announce } from "./announcements.ts";
import type { Entry, Target } from "./entities.ts";
import { precedes } from "./groups.ts";
import { hashPair, hashText, hexOf } from "./hash64.ts";
import type { HealthEvent } from "./mesh-effects.ts";
import { isBefore } from "./rank.ts";
import type { Turn } from "./turn.ts";

/** The mesh's verdict was `before`. The first of its owners tells, whatever it saw itself; a first verdict of healthy is no news. */
export function announceVerdict(
  turn: Turn,
  target: Target,
  before: EndpointStanding | null,
  seen: readonly Entry[],
): void {
  const { own, meshStanding: to } = target;
  if (to === null || to === before || (before === null && to === "healthy")) return;
  target.isNodeEvent = false;
  const decided = seen.filter(({ standing }) => standing === to);
  if (own === null || own.standing === null || decided.length === 0) return;
  const place = seen.filter(({ member }) => member !== own.member && precedes(turn.state, member, target)).length;
  const event = eventOf(turn, target, { from: before, to, scope: "mesh", deciding: decidingOf(turn, target, decided) });
  announce(turn, { type: "publish-health", event: { ...event, observers: namesOf(decided) } }, place, () => {
    const now = target.entries.filter(({ standing }) => standing === to);
    return [event.id, ...now.map((entry) => idOf(target, to, entry))];
  });
}

/** Another looked because of this node's own transition, and sees it otherwise: it is so for this node alone. */
export function announceAlone(turn: Turn, target: Target): void {
  const { own, meshStanding } = target;
  if (own === null || own.standing === null || own.standing === meshStanding || target.isNodeEvent) return;
  target.isNodeEvent = true;
  const event = eventOf(turn, target, { from: meshStanding, to: own.standing, scope: "node", deciding: own });
  turn.perform({ type: "publish-health", event });
}

/** It sees it as the mesh does again. */
export function announceAgreement(turn: Turn, target: Target): void {
  const { own, standing, meshStanding } = target;
  if (!target.isNodeEvent || standing === null || standing !== meshStanding) return;
  target.isNodeEvent = false;
  const deciding = own ?? target.entries.find((entry) => entry.standing === meshStanding);
  if (deciding === undefined) return;
  const from = standing === "unhealthy" ? "healthy" : "unhealthy";
  turn.perform({
    type: "publish-health",
    event: eventOf(turn, target, { from, to: standing, scope: "node", deciding }),
  });
}

interface Decided {
  readonly from: EndpointStanding | null;
  readonly to: EndpointStanding;
  readonly scope: "node" | "mesh";
  readonly deciding: Entry;
}

function eventOf(turn: Turn, target: Target, { from, to, scope, deciding }: Decided): HealthEvent {
  return {
    id: idOf(target, to, deciding),
    group: target.group.facts.group,
    target: target.id,
    cluster: target.group.facts.cluster,
    address: target.address,
    from,
    to,
    reason: reasonOf(target, to, deciding),
    scope,
    observers: [turn.state.self.node],
  };
}

/** What this node's own probe heard, when it says the same: reasons do not travel. What the last bad probe said is over with a good one. */
function reasonOf({ own, reason }: Target, to: EndpointStanding, deciding: Entry): string {
  if (to !== "unhealthy") return "";
  return own?.standing === to && reason !== "" ? reason : `found by ${deciding.member.node}`;
}

/** Of those that say so, the first by rank whose own schedule found it; else the first by rank. */
function decidingOf(turn: Turn, target: Target, decided: readonly Entry[]): Entry {
  const found = decided.filter(({ cause }) => cause === "scheduled" || cause === "doubt");
  const from = found.length > 0 ? found : decided;
  return from.reduce((best, entry) => (isFirst(turn, target, entry, best) ? entry : best));
}

function isFirst({ state }: Turn, target: Target, one: Entry, other: Entry): boolean {
  if (one.member === state.self) return !precedes(state, other.member, target);
  if (other.member === state.self) return precedes(state, one.member, target);
  return isBefore(one.member, other.member, target.hash);
}

function namesOf(entries: readonly Entry[]): string[] {
  return entries.map(({ member }) => member.node).sort();
}

function idOf(target: Target, to: EndpointStanding, { member, transition }: Entry): string {
  const who = hashPair(member.seed, { high: member.epoch >>> 0, low: transition >>> 0 });
  return hexOf(hashPair(hashPair(target.hash, hashText(to)), who));
}
