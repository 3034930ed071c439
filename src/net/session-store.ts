// TLS sessions of one cluster, by upstream host: what a client needs to resume. Called by tls-dial.ts.

/** Bounded per host and over all hosts; the oldest go first. */
export class SessionStore {
  private readonly perHostMax: number;
  private readonly hosts: Map<string, Kept[]> = new Map();

  /** `perHostMax`: max_session_keys. */
  constructor(perHostMax: number) {
    this.perHostMax = perHostMax;
  }

  /** Remembers a session. `once`: it may be used one time (TLS 1.3 tickets, RFC 8446 §C.4). */
  keep(host: string, session: Buffer, use: "once" | "often"): void {
    const kept = this.hosts.get(host) ?? [];
    kept.push({ session, use });
    if (kept.length > this.perHostMax) kept.shift();
    this.hosts.delete(host);
    this.hosts.set(host, kept);
    if (this.hosts.size <= HOSTS_MAX) return;
    const [oldest] = this.hosts.keys();
    if (oldest !== undefined) this.hosts.delete(oldest);
  }

  /** The newest session for a host. */
  take(host: string): Buffer | undefined {
    const kept = this.hosts.get(host);
    const newest = kept?.at(-1);
    if (newest?.use === "once") kept?.pop();
    return newest?.session;
  }
}

interface Kept {
  readonly session: Buffer;
  readonly use: "once" | "often";
}

const HOSTS_MAX = 1_024;
