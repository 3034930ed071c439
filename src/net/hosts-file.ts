// /etc/hosts and /etc/resolv.conf as far as a lookup needs them. Read again whenever they changed: containers get theirs rewritten.
import { readFileSync, statSync } from "node:fs";
import { isIP } from "node:net";

/** A small file whose parsed content is kept until the file changes. */
export class WatchedFile<T> {
  private readonly path: string;
  private readonly parse: (text: string) => T;
  private stamp = "";
  private content: T;

  constructor(path: string, parse: (text: string) => T) {
    this.path = path;
    this.parse = parse;
    this.content = parse("");
  }

  /** The content now; that of an empty file when there is none. */
  read(): T {
    const found = statSync(this.path, { throwIfNoEntry: false });
    const stamp = found === undefined ? "" : `${found.ino} ${found.size} ${found.mtimeMs}`;
    if (stamp !== this.stamp) {
      this.stamp = stamp;
      this.content = this.parse(stamp === "" ? "" : readFileSync(this.path, "utf8"));
    }
    return this.content;
  }
}

/** Names in lower case with their addresses in file order. */
export type Hosts = ReadonlyMap<string, readonly string[]>;

/** hosts(5). Lines without an address are passed over. */
export function parseHosts(text: string): Hosts {
  const hosts = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [address = "", ...names] = fieldsOf(line);
    if (isIP(address) === 0) continue;
    for (const name of names) {
      const key = name.toLowerCase();
      const known = hosts.get(key);
      if (known === undefined) hosts.set(key, [address]);
      else if (!known.includes(address)) known.push(address);
    }
  }
  return hosts;
}

/** How short names are completed. */
export interface SearchRules {
  readonly search: readonly string[];
  /** Names with fewer dots are tried with the search domains first; default 1. */
  readonly ndots: number;
}

/** `search`, `domain` and `options ndots:` of resolv.conf(5); the last of each counts. */
export function parseSearchRules(text: string): SearchRules {
  let search: readonly string[] = [];
  let ndots = 1;
  for (const line of text.split("\n")) {
    const [keyword, ...values] = fieldsOf(line);
    if (keyword === "search" || keyword === "domain") search = values.map((value) => value.replace(/\.$/, ""));
    if (keyword !== "options") continue;
    for (const value of values) if (/^ndots:\d+$/.test(value)) ndots = Math.min(Number(value.slice(6)), 15);
  }
  return { search: search.filter((domain) => domain !== ""), ndots };
}

/** Absolute names to ask for, in order. */
export function candidateNames(name: string, rules: SearchRules): string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const completed = rules.search.map((domain) => `${name}.${domain}`);
  return name.split(".").length - 1 >= rules.ndots ? [name, ...completed] : [...completed, name];
}

function fieldsOf(line: string): string[] {
  return line
    .replace(/[#;].*/, "")
    .trim()
    .split(/\s+/);
}
