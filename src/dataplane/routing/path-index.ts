// Finds the candidates among many routes without looking at each: a request pays for what its path can match, not for what is configured.
import type { PathMatchPlan } from "../../config/plan/route.ts";

/** Routes of one virtual host by their paths; answers indexes in file order. */
export class PathIndex {
  private readonly prefixes = new Map<number, Map<string, number[]>>();
  private readonly lengths: number[];
  private readonly exact = new Map<string, number[]>();
  /** Routes that only a full test can tell: regexes, paths without case, CONNECT. */
  private readonly others: number[] = [];
  private readonly scratch: number[] = [];

  constructor(paths: readonly PathMatchPlan[]) {
    for (const [index, path] of paths.entries()) this.place(path, index);
    this.lengths = [...this.prefixes.keys()].sort((a, b) => a - b);
  }

  /** Calls `matches` with candidate indexes in ascending order until it says true; answers that index, -1 when none did. */
  first(path: string, matches: (index: number) => boolean): number {
    const candidates = this.scratch;
    candidates.length = 0;
    for (const length of this.lengths) {
      if (length > path.length) break;
      const found = this.prefixes.get(length)?.get(path.slice(0, length));
      if (found !== undefined) candidates.push(...found);
    }
    const exact = this.exact.get(path);
    if (exact !== undefined) candidates.push(...exact);
    if (candidates.length > 1) candidates.sort((a, b) => a - b);
    let at = 0;
    for (const other of this.others) {
      for (; at < candidates.length && (candidates[at] as number) < other; at++) {
        if (matches(candidates[at] as number)) return candidates[at] as number;
      }
      if (matches(other)) return other;
    }
    for (; at < candidates.length; at++) if (matches(candidates[at] as number)) return candidates[at] as number;
    return -1;
  }

  private place(path: PathMatchPlan, index: number): void {
    if (!path.caseSensitive || path.kind === "regex" || path.kind === "connect") {
      this.others.push(index);
      return;
    }
    if (path.kind === "path") {
      push(this.exact, path.value, index);
      return;
    }
    const row = this.prefixes.get(path.value.length) ?? new Map<string, number[]>();
    push(row, path.value, index);
    this.prefixes.set(path.value.length, row);
  }
}

function push(map: Map<string, number[]>, key: string, index: number): void {
  const held = map.get(key);
  if (held === undefined) map.set(key, [index]);
  else held.push(index);
}
