// Which virtual host serves an authority: exact names first, then `*.suffix` and `prefix.*` (longest first), then `*` (Envoy's order).

/** Domains mapped to items. */
export class DomainTable<Item> {
  private readonly exact = new Map<string, Item>();
  private readonly suffixes = new Map<number, Map<string, Item>>();
  private readonly prefixes = new Map<number, Map<string, Item>>();
  private suffixLengths: number[] = [];
  private prefixLengths: number[] = [];
  private any: Item | null = null;

  /** Adds one domain in lower case. */
  add(domain: string, item: Item): void {
    if (domain === "*") this.any = item;
    else if (domain.startsWith("*")) this.suffixLengths = addByLength(this.suffixes, domain.slice(1), item);
    else if (domain.endsWith("*")) this.prefixLengths = addByLength(this.prefixes, domain.slice(0, -1), item);
    else this.exact.set(domain, item);
  }

  /** The item for a host in lower case, null when no domain matches. A wild card stands for at least one character. */
  find(host: string): Item | null {
    const exact = this.exact.get(host);
    if (exact !== undefined) return exact;
    for (const length of this.suffixLengths) {
      if (length >= host.length) continue;
      const item = this.suffixes.get(length)?.get(host.slice(host.length - length));
      if (item !== undefined) return item;
    }
    for (const length of this.prefixLengths) {
      if (length >= host.length) continue;
      const item = this.prefixes.get(length)?.get(host.slice(0, length));
      if (item !== undefined) return item;
    }
    return this.any;
  }

  /** Whether every host leads to the same item, so that nobody need look at it. */
  onlyAny(): Item | null {
    return this.exact.size + this.suffixes.size + this.prefixes.size === 0 ? this.any : null;
  }
}

function addByLength<Item>(table: Map<number, Map<string, Item>>, text: string, item: Item): number[] {
  const row = table.get(text.length) ?? new Map<string, Item>();
  row.set(text, item);
  table.set(text.length, row);
  return [...table.keys()].sort((a, b) => b - a);
}
