// TLS sessions of one cluster, by upstream host: what a client needs to resume. Called by tls-dial.ts.

/** A session to resume. */
export interface KeptSession {
  readonly session: Buffer;
  /** TLS 1.3 tickets are used one time (RFC 8446 §C.4). */
  readonly use: "once" | "often";
  /** Whether the certificate verified when the session began: a resumed one shows none. */
  readonly verified: boolean;
}

/** Bounded per host and over all hosts; the oldest go first. */
export class SessionStore {
  private readonly perHostMax: number;
  private readonly hosts: Map<string, KeptSession[]> = new Map();

  /** `perHostMax`: max_session_keys. */
  constructor(perHostMax: number) {
    this.perHostMax = perHostMax;
  }

  /** Remembers a session. */
  keep(host: string, session: KeptSession): void {
    const kept = this.hosts.get(host) ?? [];
    kept.push(session);
    if (kept.length > this.perHostMax) kept.shift();
    this.hosts.delete(host);
    this.hosts.set(host, kept);
    if (this.hosts.size <= HOSTS_MAX) return;
    const [oldest] = this.hosts.keys();
    if (oldest !== undefined) this.hosts.delete(oldest);
  }

  /** The newest session for a host. */
  take(host: string): KeptSession | undefined {
    const kept = this.hosts.get(host);
    const newest = kept?.at(-1);
    if (newest?.use === "once") kept?.pop();
    return newest;
  }
}

const HOSTS_MAX = 1_024;
