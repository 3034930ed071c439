// What one node says, kept with the digest over it: its entries and its groups. The same for this node's own and for every peer's, so that
// equal logs give equal digests.
import { AGE_MAX_MS, type Change, ITEMS_MAX } from "../wire/messages.ts";
import type { Entry, Member, Target } from "./entities.ts";
import { type Hash64, hashOfHex, hashPair, hexOf } from "./hash64.ts";
import { keyOf } from "./new-entities.ts";

/** A change that sets an entry. */
export type EntryChange = Change & { readonly type: "entry" };

/** Puts an entry in place of the one with the same key; null: the node has too many. */
export function hold(
  member: Member,
  targets: ReadonlyMap<string, Target>,
  change: EntryChange,
  nowMs: number,
): Entry | null {
  const key = keyOf(change.group, change.target);
  let entry = member.entries.get(key);
  if (entry === undefined) {
    if (member.entries.size >= ITEMS_MAX) return null;
    entry = newEntry(member, key, change, nowMs);
    member.entries.set(key, entry);
    targets.get(key)?.entries.push(entry);
  } else toggle(member, entry.digestHigh, entry.digestLow);
  if (entry.hold !== change.hold) entry.sinceMs = nowMs;
  entry.hold = change.hold;
  entry.standing = change.standing;
  entry.transition = change.transition;
  entry.cause = change.cause;
  entry.probedMs = probedAt(change.ageMs, nowMs);
  const digest = entryDigest(member.seed, change);
  entry.digestHigh = digest.high;
  entry.digestLow = digest.low;
  toggle(member, digest.high, digest.low);
  return entry;
}

/** Takes an entry away; null: there was none. */
export function letGo(member: Member, targets: ReadonlyMap<string, Target>, key: string): Entry | null {
  const entry = member.entries.get(key);
  if (entry === undefined) return null;
  member.entries.delete(key);
  toggle(member, entry.digestHigh, entry.digestLow);
  const target = targets.get(key);
  if (target !== undefined) {
    target.entries.splice(target.entries.indexOf(entry), 1);
    if (target.own === entry) target.own = null;
  }
  return entry;
}

/** Notes a group of the node; whether anything changed. */
export function holdGroup(member: Member, group: string, hasTraffic: boolean): boolean {
  const held = member.groups.get(group);
  if (held === hasTraffic || (held === undefined && member.groups.size >= ITEMS_MAX)) return false;
  if (held !== undefined) toggleGroup(member, group, held);
  member.groups.set(group, hasTraffic);
  toggleGroup(member, group, hasTraffic);
  return true;
}

/** The node has this group no longer; whether it had. */
export function letGroupGo(member: Member, group: string): boolean {
  const held = member.groups.get(group);
  if (held === undefined) return false;
  member.groups.delete(group);
  toggleGroup(member, group, held);
  return true;
}

/** The digest in hex, as beats carry it. */
export function digestOf({ digestHigh, digestLow }: Member): string {
  return hexOf({ high: digestHigh, low: digestLow });
}

/** When a probe was made that is so old now; -Infinity: none was. */
export function probedAt(ageMs: number, nowMs: number): number {
  return ageMs >= AGE_MAX_MS ? Number.NEGATIVE_INFINITY : nowMs - ageMs;
}

/** The age of a probe as messages carry it. */
export function ageOf(probedMs: number, nowMs: number): number {
  return Math.min(AGE_MAX_MS, Math.max(0, Math.round(nowMs - probedMs)));
}

/** An entry as a change. */
export function changeOf(entry: Entry, nowMs: number): EntryChange {
  const { group, target, hold: held, standing, transition, cause, probedMs } = entry;
  const ageMs = ageOf(probedMs, nowMs);
  return { type: "entry", group, target, hold: held, standing, transition, cause, ageMs };
}

function newEntry(member: Member, key: string, change: EntryChange, nowMs: number): Entry {
  const { group, target, hold: held, standing, transition, cause } = change;
  const rest = { probedMs: Number.NEGATIVE_INFINITY, sinceMs: nowMs, digestHigh: 0, digestLow: 0, isLocal: false };
  return { member, key, group, target, hold: held, standing, transition, cause, ...rest };
}

function entryDigest(seed: Hash64, { group, target, hold: held, standing, transition }: EntryChange): Hash64 {
  const code = HOLD_CODES[held] * 4 + (standing === null ? 0 : STANDING_CODES[standing]);
  const subject = hashPair(hashPair(hashOfHex(group), hashOfHex(target)), seed);
  return hashPair(subject, { high: code + Math.floor(transition / 0x1_0000_0000) * 16, low: transition >>> 0 });
}

function toggleGroup(member: Member, group: string, hasTraffic: boolean): void {
  const digest = hashPair(hashPair(hashOfHex(group), member.seed), { high: 0, low: hasTraffic ? 2 : 1 });
  toggle(member, digest.high, digest.low);
}

function toggle(member: Member, high: number, low: number): void {
  member.digestHigh = (member.digestHigh ^ high) >>> 0;
  member.digestLow = (member.digestLow ^ low) >>> 0;
}

const HOLD_CODES = { claim: 1, kept: 2, confirm: 3 } as const;
const STANDING_CODES = { healthy: 1, degraded: 2, unhealthy: 3 } as const;
