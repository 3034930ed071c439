// What a block of counters is: a named row of slots that many things of one kind have (every cluster, every listener).

/** The names of one kind of block, and where each lies in it. */
export interface BlockSchema<Name extends string = string> {
  readonly id: string;
  /** Slot names, counters first, then gauges. */
  readonly names: readonly string[];
  /** Names from this index on are gauges: zeroed when their worker dies. */
  readonly gaugesFrom: number;
  /** Slots that a block takes: one a name, and a last one with the number of its holder (stats-memory.ts). */
  readonly slots: number;
  /** Whether /stats shows it. */
  readonly visible: boolean;
  /** Index of each name: `block[CLUSTER.at.upstream_rq_total]++`. */
  readonly at: { readonly [N in Name]: number };
}

/** Builds a schema; ids are unique in a process. */
export function blockSchema<const C extends readonly string[], const G extends readonly string[]>(shape: {
  id: string;
  counters: C;
  gauges: G;
  visible?: boolean;
}): BlockSchema<C[number] | G[number]> {
  const names = [...shape.counters, ...shape.gauges];
  return Object.freeze({
    id: shape.id,
    names,
    gaugesFrom: shape.counters.length,
    slots: names.length + 1,
    visible: shape.visible ?? true,
    at: Object.freeze(Object.fromEntries(names.map((name, index) => [name, index]))) as never,
  });
}
