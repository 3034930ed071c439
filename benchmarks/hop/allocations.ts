// Bytes of JavaScript heap that a Node program allocates for a request, from its own account of collections (`--trace-gc`).

/** Flag of a Node program whose log `allocatedBytes` reads. */
export const TRACE_FLAG: string = "--trace-gc";

/**
 * Bytes that the busiest isolate allocated in `elapsedMs`, of which `log` has all collections: what its heap grew from the end of one to
 * the beginning of the next, scaled from the time between the first and the last to the whole. NaN without two of them.
 */
export function allocatedBytes(log: string, elapsedMs: number): number {
  const byIsolate = new Map<string, Collection[]>();
  for (const [, isolate = "", ms, beforeMb, afterMb] of log.matchAll(COLLECTION)) {
    const one = { ms: Number(ms), beforeMb: Number(beforeMb), afterMb: Number(afterMb) };
    byIsolate.set(isolate, [...(byIsolate.get(isolate) ?? []), one]);
  }
  const busiest = [...byIsolate.values()].sort((a, b) => b.length - a.length)[0] ?? [];
  const [first, last] = [busiest[0], busiest.at(-1)];
  if (first === undefined || last === undefined || first === last) return Number.NaN;
  let grownMb = 0;
  for (let i = 1; i < busiest.length; i++)
    grownMb += (busiest[i]?.beforeMb ?? Number.NaN) - (busiest[i - 1]?.afterMb ?? Number.NaN);
  return (grownMb * 2 ** 20 * elapsedMs) / (last.ms - first.ms);
}

interface Collection {
  readonly ms: number;
  readonly beforeMb: number;
  readonly afterMb: number;
}

// [18899:0x7f9abc197000]     4510 ms: Scavenge 56.9 (97.1) -> 49.1 (172.1) MB, …
const COLLECTION =
  /^\[\d+:(0x[0-9a-f]+)\] +(\d+) ms: (?:Scavenge|Mark-Compact)[^\d\n]*([\d.]+) \([\d.]+\) -> ([\d.]+) /gm;
