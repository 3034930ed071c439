// "did you mean": the nearest known name to a misspelt one. Called where a name is unknown; never on a valid file.

/** The nearest name within a quarter of the wanted one's length, or undefined. Case, `-` and `_` cost nothing. */
function suggest(wanted: string, known: Iterable<string>): string | undefined {
  const plain = plainOf(wanted);
  let best: string | undefined;
  let bestCost = Math.max(wanted.length < SHORT_LENGTH ? 1 : 2, Math.floor(wanted.length / 4)) + 1;
  for (const name of known) {
    const other = plainOf(name);
    if (Math.abs(other.length - plain.length) >= bestCost) continue;
    const cost = distance(plain, other, bestCost);
    if (cost < bestCost) {
      best = name;
      bestCost = cost;
    }
  }
  return best;
}

/** ` (did you mean x?)`, or nothing. */
export function didYouMean(wanted: string, known: Iterable<string>): string {
  const name = suggest(wanted, known);
  return name === undefined ? "" : ` (did you mean ${name}?)`;
}

function plainOf(name: string): string {
  return name.slice(0, nameLengthMax).replace(/[-_]/g, "").toLowerCase();
}

// Levenshtein with neighbours' swap, given up when every way costs `limit`.
function distance(a: string, b: string, limit: number): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_unused, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((last[j] as number) + 1, (row[j - 1] as number) + 1, (last[j - 1] as number) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (before[j - 2] as number) + 1);
      }
      row.push(cost);
      least = Math.min(least, cost);
    }
    if (least >= limit) return limit;
    before = last;
    last = row;
  }
  return last[b.length] as number;
}

const nameLengthMax = 200;
const SHORT_LENGTH = 6;
