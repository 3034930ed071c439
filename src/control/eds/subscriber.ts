// One stream of a client, state-of-the-world or incremental: what it is subscribed to, what it has, and what it is to get next. Keeps no
// response: what it is behind by is a set of names, so that the newest state replaces what was not sent. Rules: Envoy's xDS protocol
// documentation. Called by eds-behaviour.ts.
import { RESPONSE_BYTES } from "./limits.ts";
import { versionOf } from "./version.ts";
import type { Dialect, Found, Push, Resource, XdsRequest } from "./xds.ts";

/** One stream. */
export class Subscriber {
  readonly dialect: Dialect;
  /** Names that it is subscribed to, each with the version that it was sent: empty: none; null: it was told that there is none. */
  private readonly held = new Map<string, string | null>();
  private readonly due = new Set<string>();
  private nonce = 0;

  constructor(dialect: Dialect) {
    this.dialect = dialect;
  }

  /** Names that it is subscribed to. */
  names(): Iterable<string> {
    return this.held.keys();
  }

  get size(): number {
    return this.held.size;
  }

  /** Takes the subscriptions of a request; answers which names it left and which are new. */
  request(request: XdsRequest): { readonly left: readonly string[]; readonly joined: readonly string[] } {
    if (request.dialect === "delta") {
      const left = request.unsubscribe.filter((name) => this.leave(name));
      // A name that it has already is sent again: the client may have forgotten it.
      const joined = request.subscribe.filter((name) => this.join(name, request.versions.get(name) ?? ""));
      return { left, joined };
    }
    // Superseded: what it says is said again with the answer to the newest response.
    if (request.nonce !== "" && this.nonce > 0 && request.nonce !== String(this.nonce)) return { left: [], joined: [] };
    const names = new Set(request.names);
    const left = [...this.held.keys()].filter((name) => !names.has(name) && this.leave(name));
    const joined = [...names].filter((name) => !this.held.has(name) && this.join(name, ""));
    return { left, joined };
  }

  /** A resource is another, came or went. */
  changed(name: string): void {
    if (this.held.has(name)) this.due.add(name);
  }

  /** What it gets now; null: it has everything. */
  next(find: (name: string) => Found): Push | null {
    const resources: Resource[] = [];
    const removed: string[] = [];
    let bytes = 0;
    for (const name of this.due) {
      if (bytes >= RESPONSE_BYTES) break;
      this.due.delete(name);
      const found = find(name);
      const version = this.held.get(name);
      if (found === "awaited") continue;
      if (found === "unknown") {
        if (version !== null && this.dialect === "delta") removed.push(name);
        this.held.set(name, null);
      } else if (version !== found.version) {
        resources.push(found);
        this.held.set(name, found.version);
        bytes += found.bytes.length;
      }
    }
    if (resources.length === 0 && removed.length === 0) return null;
    this.nonce++;
    const version = versionOf(resources.map((one) => one.version).join(" "));
    return { dialect: this.dialect, nonce: String(this.nonce), version, resources, removed };
  }

  /** Whether it is new. */
  private join(name: string, version: string): boolean {
    const isNew = !this.held.has(name);
    this.held.set(name, version);
    this.due.add(name);
    return isNew;
  }

  /** Whether it was there. */
  private leave(name: string): boolean {
    this.due.delete(name);
    return this.held.delete(name);
  }
}
