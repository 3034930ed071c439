// What peers say, kept up with: their changes in the order of their numbers. A gap that does not fill, or an equal number with another
// digest, asks that peer for all its entries; the answer replaces everything held for it.
import type { Beat, Change, SyncPage } from "../wire/messages.ts";
import { hearAnswer, hearTransition } from "./confirming.ts";
import { hearDoubt } from "./doubts.ts";
import type { Member } from "./entities.ts";
import { refreshGroup } from "./groups.ts";
import { digestOf, hold, holdGroup, letGo, letGroupGo, probedAt } from "./holdings.ts";
import { keyOf } from "./new-entities.ts";
import type { Turn } from "./turn.ts";

/** Changes of a peer came, by themselves or in a beat. */
export function hearChanges(turn: Turn, member: Member, first: number, changes: readonly Change[]): void {
  if (!turn.state.options.rules.log) {
    for (const change of changes) apply(turn, member, change);
    return;
  }
  const last = first + changes.length - 1;
  if (member.sync !== null) remember(member, first, changes);
  if (last <= member.applied) return;
  if (first > member.applied + 1) {
    if (member.sync === null) remember(member, first, changes);
    noteGap(turn, member);
    return;
  }
  for (const change of changes.slice(member.applied + 1 - first)) apply(turn, member, change);
  member.applied = last;
  if (member.sync === null) applyEarly(turn, member);
}

/** What a beat says of its sender's log: its newest changes, its number and its digest. */
export function hearLog(turn: Turn, member: Member, { number, digest, changes }: Beat): void {
  if (!turn.state.options.rules.log) {
    for (const change of changes) apply(turn, member, change);
    return;
  }
  if (changes.length > 0) hearChanges(turn, member, number - changes.length + 1, changes);
  if (member.applied < number) noteGap(turn, member);
  else if (member.applied === number && member.sync === null) {
    if (digestOf(member) === digest) settle(member);
    else noteGap(turn, member);
  }
}

/** Asks for what is missing when it is time to. When to look again. */
export function repair(turn: Turn, member: Member): number {
  const { state, nowMs } = turn;
  if (member.gapMs === NEVER || member.sync !== null || member.hasLeft || !state.isBusUp) return NEVER;
  const dueMs = Math.max(member.gapMs + GAP_MS, member.syncAfterMs);
  if (nowMs < dueMs) return dueMs;
  turn.count("syncs");
  member.sync = { ask: 0, number: 0, digest: "", total: 0, items: [] };
  request(turn, member, 0, 0);
  return NEVER;
}

/** A page of a peer's entries, or none. */
export function hearPage(turn: Turn, member: Member, page: SyncPage | null): void {
  const { sync } = member;
  if (sync === null) return;
  if (page === null || page.instance !== member.instance || page.node !== member.node) {
    endInVain(turn, member);
    return;
  }
  if (page.from === 0) {
    sync.items = [];
    sync.number = page.number;
    sync.digest = page.digest;
    sync.total = page.total;
  }
  const fits = page.number === sync.number && page.from === sync.items.length && page.total === sync.total;
  if (!fits || (page.items.length === 0 && page.total > 0)) {
    endInVain(turn, member);
    return;
  }
  sync.items.push(...page.items);
  if (sync.items.length < sync.total) request(turn, member, sync.number, sync.items.length);
  else replace(turn, member);
}

function request(turn: Turn, member: Member, number: number, from: number): void {
  const { state } = turn;
  const { node, instance, epoch } = state.self;
  const ask = ++state.asks;
  if (member.sync !== null) member.sync.ask = ask;
  const message = { type: "sync-request", node, instance, epoch, number, from } as const;
  turn.perform({ type: "request", ask, to: member.node, timeoutMs: ANSWER_MS, message });
}

/** All that it says, as of the number of the snapshot; changes that came meanwhile follow. */
function replace(turn: Turn, member: Member): void {
  const { state } = turn;
  const sync = member.sync as NonNullable<Member["sync"]>;
  member.sync = null;
  const said = new Set<string>();
  for (const item of sync.items) {
    if (item.type === "entry") said.add(keyOf(item.group, item.target));
    else if (item.type === "group") said.add(item.group);
  }
  for (const [key, entry] of [...member.entries]) {
    if (!said.has(key)) apply(turn, member, { type: "released", group: entry.group, target: entry.target, ageMs: 0 });
  }
  for (const group of [...member.groups.keys()]) {
    if (!said.has(group)) apply(turn, member, { type: "group-left", group });
  }
  for (const item of sync.items) apply(turn, member, item);
  const isTrue = digestOf(member) === sync.digest;
  member.applied = sync.number;
  member.gapMs = NEVER;
  member.syncAfterMs = turn.nowMs + (isTrue ? 0 : backOffMs(member));
  member.isHeardOut ||= isTrue;
  if (isTrue) member.syncsInVain = 0;
  else member.syncsInVain++;
  applyEarly(turn, member);
  if (!isTrue) noteGap(turn, member);
  turn.at(member, Math.min(member.dueMs, turn.nowMs));
  if (state.mode === "joining") turn.at(state.alarms.joining, turn.nowMs);
}

function endInVain(turn: Turn, member: Member): void {
  member.sync = null;
  turn.count("sync_failures");
  member.syncAfterMs = turn.nowMs + backOffMs(member);
  member.syncsInVain++;
  noteGap(turn, member);
}

function backOffMs({ syncsInVain }: Member): number {
  return Math.min(BACK_OFF_MAX_MS, 250 * 2 ** syncsInVain);
}

function noteGap(turn: Turn, member: Member): void {
  if (member.gapMs === NEVER) {
    member.gapMs = turn.nowMs;
    turn.count("gaps");
  }
  turn.at(member, Math.min(member.dueMs, Math.max(member.gapMs + GAP_MS, member.syncAfterMs)));
}

function settle(member: Member): void {
  member.isHeardOut = true;
  member.gapMs = NEVER;
  member.syncsInVain = 0;
  member.early = [];
}

function remember(member: Member, first: number, changes: readonly Change[]): void {
  if (member.early.length < EARLY_MAX) member.early.push({ first, changes });
}

/** What came too early, or while a snapshot was under way, in order; the rest is still too early. */
function applyEarly(turn: Turn, member: Member): void {
  if (member.early.length === 0) return;
  const waiting = member.early.sort((one, other) => one.first - other.first);
  member.early = [];
  for (const { first, changes } of waiting) {
    if (first > member.applied + 1) {
      member.early.push({ first, changes });
      continue;
    }
    for (const change of changes.slice(member.applied + 1 - first)) apply(turn, member, change);
    member.applied = Math.max(member.applied, first + changes.length - 1);
  }
  if (member.early.length > 0) noteGap(turn, member);
  else member.gapMs = NEVER;
}

function apply(turn: Turn, member: Member, change: Change): void {
  const { state, nowMs } = turn;
  switch (change.type) {
    case "entry": {
      const key = keyOf(change.group, change.target);
      const held = member.entries.get(key)?.transition ?? 0;
      const entry = hold(member, state.targets, change, nowMs);
      if (entry === null) {
        turn.count("over_limit");
        return;
      }
      const target = state.targets.get(key);
      if (target === undefined) return;
      turn.consider(target);
      if (entry.transition > held) hearTransition(turn, target, entry);
      return;
    }
    case "released": {
      const key = keyOf(change.group, change.target);
      const entry = letGo(member, state.targets, key);
      const target = state.targets.get(key);
      if (entry === null || target === undefined) return;
      target.freedMs = Math.max(target.freedMs, probedAt(change.ageMs, nowMs));
      turn.consider(target);
      return;
    }
    case "group":
      if (holdGroup(member, change.group, change.hasTraffic)) refreshGroup(turn, change.group);
      return;
    case "group-left":
      if (letGroupGo(member, change.group)) refreshGroup(turn, change.group);
      return;
    case "answer":
      hearAnswer(turn, member, change);
      return;
    case "doubt":
      hearDoubt(turn, member, change);
      return;
  }
}

const NEVER = Number.POSITIVE_INFINITY;

/** A gap may be only disorder. */
const GAP_MS = 60;

/** A peer answers a request within this. */
const ANSWER_MS = 1_000;

/** Between syncs that do not help. */
const BACK_OFF_MAX_MS = 30_000;

/** Messages of one peer that wait for others before them. */
const EARLY_MAX = 256;
