// One cluster in the endpoint book: its endpoints by key, and the steps that some reader may lack. Used by endpoint-book.ts only.
import { equalData } from "../base/equal-data.ts";
import { addressText } from "../config/plan/address.ts";
import type { EndpointPlan } from "../config/plan/cluster.ts";
import type { EndpointFacts, EndpointSetFull, EndpointSetUpdate } from "../config/plan/endpoint-set.ts";

/** An endpoint with its number. */
export interface Numbered {
  facts: EndpointFacts;
  /** The pass of `replace` that named it last. */
  seenIn: number;
  isGone: boolean;
  /** Discovery dropped it, and it stays for now. */
  isLingering: boolean;
}

/** Something that happened to an endpoint, and the version that brought it. */
export interface Step {
  readonly numbered: Numbered;
  readonly at: number;
}

/** A cluster. */
export interface ClusterEntry {
  readonly name: string;
  readonly row: number;
  version: number;
  /** The version that brought the newest endpoint. */
  grownAt: number;
  /** By address and priority, twins apart. What stays keeps its place, what is new comes behind, as a delta's reader has it. */
  readonly endpoints: Map<string, Numbered>;
  /** New endpoints and new facts that some reader may lack, oldest first. */
  readonly changed: Step[];
  /** Endpoints that some reader may still know, oldest first. */
  readonly removed: Step[];
  readonly lingering: Set<Numbered>;
}

/** A cluster without endpoints. */
export function newEntry(name: string, row: number): ClusterEntry {
  return { name, row, version: 1, grownAt: 0, endpoints: new Map(), changed: [], removed: [], lingering: new Set() };
}

/** All of it. */
export function full(entry: ClusterEntry): EndpointSetFull {
  const endpoints = Array.from(entry.endpoints.values(), ({ facts }) => facts);
  return { kind: "full", cluster: entry.name, row: entry.row, version: entry.version, endpoints };
}

/** What a reader of this version lacks. */
export function delta(entry: ClusterEntry, baseVersion: number): EndpointSetUpdate {
  const removed = since(entry.removed, baseVersion).map(({ facts }) => facts.slot);
  const changed = new Set(since(entry.changed, baseVersion).filter(({ isGone }) => !isGone));
  const { name, version } = entry;
  return {
    kind: "delta",
    cluster: name,
    baseVersion,
    version,
    removed,
    changed: Array.from(changed, ({ facts }) => facts),
  };
}

function since(steps: readonly Step[], version: number): Numbered[] {
  return steps.slice(firstAfter(steps, version)).map(({ numbered }) => numbered);
}

/** Where the steps after a version begin. */
export function firstAfter(steps: readonly Step[], version: number): number {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] as Step).at > version) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Takes an endpoint out. The last of its twins moves to its key: numbers of twins have no gaps. */
export function takeOut(entry: ClusterEntry, version: number, numbered: Numbered): void {
  const text = keyOf(numbered.facts);
  let key = text;
  let last = text;
  for (let at = text, twin = 1; ; at = twinKey(text, twin++)) {
    const one = entry.endpoints.get(at);
    if (one === undefined) break;
    if (one === numbered) key = at;
    last = at;
  }
  const moved = entry.endpoints.get(last) as Numbered;
  entry.endpoints.delete(last);
  if (moved !== numbered) entry.endpoints.set(key, moved);
  numbered.isGone = true;
  entry.lingering.delete(numbered);
  entry.removed.push({ numbered, at: version });
}

/** The endpoint of these facts that discovery has not dropped yet; null: none. */
export function find(entry: ClusterEntry, plan: EndpointPlan): Numbered | null {
  const text = keyOf(plan);
  for (let key = text, twin = 1; ; key = twinKey(text, twin++)) {
    const numbered = entry.endpoints.get(key);
    if (numbered === undefined) return null;
    if (!numbered.isLingering && sameFacts(numbered.facts, plan)) return numbered;
  }
}

/** The first key of an endpoint's address that no endpoint has for which `isTaken`. */
export function freeKey(entry: ClusterEntry, plan: EndpointPlan, isTaken: (numbered: Numbered) => boolean): string {
  const text = keyOf(plan);
  let key = text;
  for (let twin = 1; ; key = twinKey(text, twin++)) {
    const numbered = entry.endpoints.get(key);
    if (numbered === undefined || !isTaken(numbered)) return key;
  }
}

function keyOf({ address, priority }: EndpointPlan): string {
  return `${addressText(address)} ${priority}`;
}

function twinKey(text: string, twin: number): string {
  return `${text} ${twin}`;
}

/** Whether an endpoint has these facts. */
export function sameFacts(held: EndpointFacts, plan: EndpointPlan): boolean {
  for (const name of Object.keys(plan) as (keyof EndpointPlan)[]) {
    if (!equalData(held[name], plan[name])) return false;
  }
  return true;
}
