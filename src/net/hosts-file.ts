// /etc/hosts as names to addresses, read again when the file has changed. Small and local: read synchronously, by discovery only.
import { readFileSync, statSync } from "node:fs";
import { isIP } from "node:net";

/** Addresses of this family that the file has for a name; null when it does not have the name: ask the name servers. */
export function hostsFileAddresses(name: string, family: 4 | 6, path: string = HOSTS_PATH): readonly string[] | null {
  const addresses = entries(path).get(name.toLowerCase()) ?? LOCAL.get(name.toLowerCase());
  return addresses === undefined ? null : addresses.filter((address) => isIP(address) === family);
}

/** The names of a hosts file's text. Lines that are no entries are passed over. */
export function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [address = "", ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of names) found.set(name.toLowerCase(), [...(found.get(name.toLowerCase()) ?? []), address]);
  }
  return found;
}

function entries(path: string): ReadonlyMap<string, readonly string[]> {
  try {
    const { mtimeMs, ino, size } = statSync(path);
    const stamp = `${path} ${mtimeMs} ${ino} ${size}`;
    if (stamp !== held.stamp) held = { stamp, names: parseHosts(readFileSync(path, "utf8")) };
  } catch {
    held = { stamp: "", names: new Map() };
  }
  return held.names;
}

const HOSTS_PATH = "/etc/hosts";
/** RFC 6761 §6.3: localhost is loopback whatever the name servers say. */
const LOCAL: ReadonlyMap<string, readonly string[]> = new Map([["localhost", ["127.0.0.1", "::1"]]]);
let held: { stamp: string; names: ReadonlyMap<string, readonly string[]> } = { stamp: "", names: new Map() };
