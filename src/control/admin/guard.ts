// Who may change this node over its admin address, and who may look into requests. Knows the digest of the token, never the token. Asked by
// admin-server.ts and the dashboard before anything is done; decides, never answers.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { hostname } from "node:os";
import type { Clock } from "../../base/clock.ts";
import { isLoopback, parseIp } from "../../base/ip-address.ts";
import type { AddressPlan } from "../../config/plan/address.ts";
import { addTo } from "../../telemetry/stats-add.ts";
import type { StatSlot, StatsWriter } from "../../telemetry/stats-memory.ts";
import { type PageAnswer, textAnswer } from "./page.ts";
import type { LogView } from "./view.ts";

/** What it stands on. */
export interface GuardParts {
  readonly clock: Clock;
  readonly log: Pick<LogView, "write">;
  readonly stats: StatsWriter;
  /** SHA-256 of the token in hex; empty: there is none. */
  readonly tokenDigest: string;
  /** Where the admin server listens. */
  readonly address: AddressPlan;
}

/** Why not, and after which time to say so. */
export interface Refusal {
  readonly answer: PageAnswer;
  readonly waitMs: number;
}

/** A request as far as it is looked at. */
export type GuardedRequest = Pick<IncomingMessage, "headers" | "method" | "url" | "socket">;

/** One that is said at once. */
export function refusal(text: string, status: number): Refusal {
  return { answer: textAnswer(text, status), waitMs: 0 };
}

/** The guard of one admin server. */
export class AdminGuard {
  private readonly parts: GuardParts;
  private readonly digest: Buffer | null;
  private readonly isLocal: boolean;
  private counter: StatSlot | null = null;
  private refused = 0;
  private loggedMs = Number.NEGATIVE_INFINITY;
  /** Wrong tokens that wait for their answer, by the time of it. */
  private readonly slowed: number[] = [];

  constructor(parts: GuardParts) {
    const { address, tokenDigest } = parts;
    this.parts = parts;
    this.digest = tokenDigest === "" ? null : Buffer.from(tokenDigest, "hex");
    this.isLocal = address.kind === "pipe" || isLoopback(address.host);
  }

  /** Whether there is a token: without one the dashboard offers no changes. */
  get hasToken(): boolean {
    return this.digest !== null;
  }

  /** How requests may be looked into. `off`: there is no token, and not only this machine reaches the admin address. */
  get tap(): "token" | "open" | "off" {
    if (this.digest !== null) return "token";
    return this.isLocal ? "open" : "off";
  }

  /** Null: the request may change the node. Without a token as in Envoy, but for browsers that were led here. */
  refusesChange(request: GuardedRequest): Refusal | null {
    if (this.digest !== null) return this.checkToken(request, this.digest);
    if (!isBrowser(request)) return null;
    const why = strangeness(request) ?? nameFault(request);
    return why === null ? null : this.refuse(request, textAnswer(why, 403));
  }

  /** Null: the request may look into other requests. `node`: the name of this node in its mesh; empty: it is in none. */
  refusesTap(request: GuardedRequest, node: string): Refusal | null {
    if (this.digest !== null) {
      const proof = PROOF_FIELD.exec(request.headers.authorization ?? "")?.groups;
      if (proof === undefined) return this.checkToken(request, this.digest);
      if (this.isProven(proof, request, node, this.digest)) return null;
      return this.refuse(request, { ...textAnswer(WRONG_PROOF, 401), fields: CHALLENGE });
    }
    if (!this.isLocal) return this.refuse(request, textAnswer(TAP_OFF, 403));
    // A page that was led here by a name of its own sends nothing that tells it from curl but that name.
    const why = strangeness(request) ?? nameFault(request);
    return why === null ? null : this.refuse(request, textAnswer(why, 403));
  }

  /** Says to a member with the same token, in `authorization`, that this node has checked it. The token itself goes nowhere. */
  proof(node: string, target: string): string | null {
    if (this.digest === null) return null;
    const atMs = Math.round(this.parts.clock.wallMs());
    return `${PROOF} ${atMs}.${seal(this.digest, node, atMs, target)}`;
  }

  private isProven(
    { at = "", mac = "" }: Proof,
    { method, url }: GuardedRequest,
    node: string,
    digest: Buffer,
  ): boolean {
    if (method !== "GET") return false;
    const atMs = Number(at);
    if (Math.abs(this.parts.clock.wallMs() - atMs) > PROOF_MS_MAX) return false;
    return timingSafeEqual(Buffer.from(mac, "hex"), Buffer.from(seal(digest, node, atMs, url ?? ""), "hex"));
  }

  private checkToken(request: GuardedRequest, digest: Buffer): Refusal | null {
    const given = BEARER.exec(request.headers.authorization ?? "")?.groups?.["token"];
    if (given === undefined) return this.refuse(request, { ...textAnswer(NO_TOKEN, 401), fields: CHALLENGE });
    const isRight = timingSafeEqual(createHash("sha256").update(given, "latin1").digest(), digest);
    return isRight ? null : this.slowDown(request);
  }

  /** Wrong tokens are answered late; a right one never waits for them. */
  private slowDown(request: GuardedRequest): Refusal {
    const nowMs = this.parts.clock.nowMs();
    while ((this.slowed[0] ?? Number.POSITIVE_INFINITY) <= nowMs) this.slowed.shift();
    if (this.slowed.length >= SLOWED_MAX) return this.refuse(request, textAnswer(TOO_MANY, 429));
    this.slowed.push(nowMs + SLOW_MS);
    const { answer } = this.refuse(request, { ...textAnswer(WRONG_TOKEN, 401), fields: CHALLENGE });
    return { answer, waitMs: SLOW_MS };
  }

  private refuse({ socket }: GuardedRequest, answer: PageAnswer): Refusal {
    const { clock, log, stats } = this.parts;
    this.counter ??= stats.counter("starling.admin_refused");
    addTo(this.counter, 1);
    this.refused++;
    const nowMs = clock.nowMs();
    if (nowMs - this.loggedMs >= LOG_WINDOW_MS) {
      this.loggedMs = nowMs;
      const why = answer.body.split("\n")[0]?.split(":")[0];
      const more = this.refused > 1 ? ` (${this.refused} since this was last said)` : "";
      const from = socket.remoteAddress ?? "a local client";
      log.write({ level: "warning", component: "admin", text: `refused ${from} with ${answer.status}: ${why}${more}` });
      this.refused = 0;
    }
    return { answer, waitMs: 0 };
  }
}

/** Groups of PROOF_FIELD. */
type Proof = { readonly [part: string]: string | undefined };

function seal(digest: Buffer, node: string, atMs: number, target: string): string {
  return createHmac("sha256", digest).update(`${node}\n${atMs}\n${target}`).digest("hex");
}

/** Whether a page in a browser may have sent it: other clients send neither field. */
function isBrowser({ headers }: GuardedRequest): boolean {
  return headers.origin !== undefined || headers["sec-fetch-site"] !== undefined;
}

/** Whether another site's page sent it. */
function strangeness({ headers }: GuardedRequest): string | null {
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") return OTHER_SITE;
  const { origin, host } = headers;
  if (origin !== undefined && origin.replace(/^https?:\/\//, "") !== host) return OTHER_SITE;
  return null;
}

/** A name that somebody else may let point here: not an address, nor one that only this network can know. */
function nameFault({ headers }: GuardedRequest): string | null {
  const name = (headers.host ?? "")
    .replace(/:\d+$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();
  const isKnown = parseIp(name) !== null || !name.includes(".") || /\.localhost$/.test(name);
  return isKnown || name === hostname().toLowerCase() ? null : OTHER_NAME;
}

const BEARER = /^Bearer +(?<token>\S{1,1024}) *$/i;
const PROOF = "Starling-Mesh";
const PROOF_FIELD = /^Starling-Mesh (?<at>\d{1,15})\.(?<mac>[0-9a-f]{64})$/;
/** The clocks of two nodes may differ by so much. */
const PROOF_MS_MAX = 30_000;
const SLOW_MS = 500;
const SLOWED_MAX = 32;
const LOG_WINDOW_MS = 60_000;
const CHALLENGE = ["www-authenticate", 'Bearer realm="starling"'] as const;
const NO_TOKEN =
  "the token is missing: this node was started with one (--admin-token-file or STARLING_ADMIN_TOKEN); send 'authorization: Bearer TOKEN'\n";
const WRONG_TOKEN = "the token is wrong: it is not the one that this node was started with\n";
const WRONG_PROOF =
  "the word of the node that asks for you does not hold: it was started with another token, or its clock is 30 s off\n";
const TOO_MANY = "too many wrong tokens: try again in a second\n";
const OTHER_SITE = "another site's page: what changes this node, or shows its requests, is not taken from there\n";
const OTHER_NAME =
  "an unknown name for this node: a browser may change it by its address, localhost or the machine's name only, or with a token (--admin-token-file)\n";
const TAP_OFF =
  "the tap is off: it shows heads of requests, and the admin address is not on loopback; start the node with a token (--admin-token-file or STARLING_ADMIN_TOKEN)\n";
