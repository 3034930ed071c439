// What another plan of a running node changes: what it may not change, what it takes over because nobody named it, and the change in words.
// Pure; asked by reload.ts.
import { equalData } from "../base/equal-data.ts";
import { type AddressPlan, addressText } from "../config/plan/address.ts";
import type { ListenerPlan } from "../config/plan/listener.ts";
import type { MeshPlan } from "../config/plan/mesh.ts";
import type { Plan } from "../config/plan/plan.ts";

/** Names of what came, is otherwise, and went. */
export interface NameChange {
  readonly added: readonly string[];
  readonly modified: readonly string[];
  readonly removed: readonly string[];
}

/** What a plan changes. */
export interface PlanChange {
  readonly clusters: NameChange;
  readonly listeners: NameChange;
  /** What else is otherwise, in words. */
  readonly others: readonly string[];
}

/** A plan that serves: as its file asked for it, and with the real ports. */
export interface HeldPlan {
  readonly asked: Plan;
  readonly real: Plan;
}

/**
 * The next plan with what nobody named as it is now: a listener without a name is the one at the same address, port 0 is the port it became, and
 * a made-up node name stays.
 */
export function takeOver(held: HeldPlan, asked: Plan): { readonly asked: Plan; readonly real: Plan } {
  const named = nameListeners(held.asked.listeners, asked.listeners);
  const next = { ...asked, listeners: named, mesh: keepMadeUp(held.asked.mesh, asked.mesh) };
  const listeners = named.map((listener) => {
    const before = held.asked.listeners.find(({ name }) => name === listener.name);
    const real = held.real.listeners.find(({ name }) => name === listener.name);
    return before === undefined || real === undefined ? listener : keepPorts(listener, before, real);
  });
  const isSameEds = equalData(held.asked.eds, asked.eds);
  return { asked: next, real: { ...next, listeners, eds: isSameEds ? held.real.eds : asked.eds } };
}

/** What only a restart changes, one line each. Both plans are as they were asked for, the next one with made-up names taken over. */
export function fixedChanges(held: Plan, next: Plan): string[] {
  const parts: readonly (readonly [string, unknown, unknown])[] = [
    ["node", held.node, next.node],
    ["the roles", held.roles, next.roles],
    ["the mesh (what it announces aside)", meshIdentity(held.mesh), meshIdentity(next.mesh)],
    ["the address of endpoint discovery", held.eds, next.eds],
    ["where load reports go", held.load, next.load],
    ["admin", held.admin, next.admin],
  ];
  return parts
    .filter(([, before, after]) => !equalData(before, after))
    .map(([what, before, after]) => `${what} changed${addresses(before, after)}: that needs a restart`);
}

/** What changes from one plan to the next. */
export function planChange(held: Plan, next: Plan): PlanChange {
  const others: string[] = [];
  if (!equalData(held.runtime, next.runtime)) others.push("the runtime's layers");
  if (!equalData(held.mesh?.announce, next.mesh?.announce)) others.push("what is announced");
  if (held.outlierLogPath !== next.outlierLogPath) others.push("the log of outlier detection");
  if (held.statsFlushIntervalMs !== next.statsFlushIntervalMs) others.push("the flush interval");
  if (!equalData(held.stats, next.stats)) others.push("how statistics are shown");
  if (!equalData(held.metricsSinks, next.metricsSinks)) others.push("where metrics go");
  return {
    clusters: nameChange(held.clusters, next.clusters),
    listeners: nameChange(held.listeners, next.listeners),
    others,
  };
}

/** `clusters: 1 added (a), 2 changed (b, c); listeners: 1 removed (d)`; empty when nothing is otherwise. */
export function changeText({ clusters, listeners, others }: PlanChange): string {
  const parts = [nameText("clusters", clusters), nameText("listeners", listeners), others.join(", ")];
  return parts.filter((part) => part !== "").join("; ");
}

function nameListeners(held: readonly ListenerPlan[], next: readonly ListenerPlan[]): ListenerPlan[] {
  const names = new Set(next.map(({ name }) => name));
  const nameless = held.filter(({ name }) => MADE_UP.test(name) && !names.has(name));
  return next.map((listener) => {
    if (!MADE_UP.test(listener.name)) return listener;
    const at = nameless.findIndex((one) => equalData(addressesOf(one), addressesOf(listener)));
    return at < 0 ? listener : { ...listener, name: (nameless.splice(at, 1)[0] as ListenerPlan).name };
  });
}

function keepMadeUp(held: MeshPlan | null, next: MeshPlan | null): MeshPlan | null {
  if (held === null || next === null || held.isNodeNamed || next.isNodeNamed) return next;
  return { ...next, node: held.node };
}

function keepPorts(next: ListenerPlan, asked: ListenerPlan, real: ListenerPlan): ListenerPlan {
  const before = addressesOf(asked);
  const after = addressesOf(real);
  const [address, ...additionalAddresses] = addressesOf(next).map((one, at) => {
    const isKept = one.kind === "socket" && one.port === 0 && equalData(one, before[at]);
    return isKept ? (after[at] ?? one) : one;
  });
  return { ...next, address: address ?? next.address, additionalAddresses };
}

function addressesOf({ address, additionalAddresses }: ListenerPlan): AddressPlan[] {
  return [address, ...additionalAddresses];
}

function meshIdentity(mesh: MeshPlan | null): unknown {
  return mesh === null ? null : { ...mesh, announce: [] };
}

/** Two addresses in words, where that is what differs. */
function addresses(before: unknown, after: unknown): string {
  const [from, to] = [addressOf(before), addressOf(after)];
  return from === "" || to === "" || from === to ? "" : ` (${to} instead of ${from})`;
}

function addressOf(part: unknown): string {
  const { address = null, listen = null } = (part ?? {}) as { address?: AddressPlan; listen?: AddressPlan };
  const found = address ?? listen;
  return found === null ? "" : addressText(found);
}

function nameChange(
  held: readonly { readonly name: string }[],
  next: readonly { readonly name: string }[],
): NameChange {
  const before = new Map(held.map((one) => [one.name, one]));
  const after = new Set(next.map(({ name }) => name));
  return {
    added: next.filter(({ name }) => !before.has(name)).map(({ name }) => name),
    modified: next
      .filter((one) => before.has(one.name) && !equalData(before.get(one.name), one))
      .map(({ name }) => name),
    removed: held.filter(({ name }) => !after.has(name)).map(({ name }) => name),
  };
}

function nameText(what: string, { added, modified, removed }: NameChange): string {
  const parts = [listed("added", added), listed("changed", modified), listed("removed", removed)];
  const text = parts.filter((part) => part !== "").join(", ");
  return text === "" ? "" : `${what}: ${text}`;
}

function listed(what: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  const more = names.length > NAMES_MAX ? ", …" : "";
  return `${names.length} ${what} (${names.slice(0, NAMES_MAX).join(", ")}${more})`;
}

/** A line has an end. */
const NAMES_MAX = 5;
/** As compile/ makes names for listeners without one. */
const MADE_UP = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
