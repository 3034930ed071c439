// The hash of one request, made once whoever asks for it, and the cookies that its client gets so that the next request has the same one.
// Belongs to an exchange, which makes it for the first request that needs it.
import { Bits64 } from "../../base/bits64.ts";
import { xxHash64 } from "../../base/xx-hash64.ts";
import type { HashMethodPlan } from "../../config/plan/hash-policy.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { withPort } from "../../telemetry/access-line.ts";
import { type HashedRequest, hashRequest } from "../routing/hash-policy.ts";
import type { ExchangeOwner } from "./exchange-owner.ts";

/** Whose hash it is. */
export interface HashedExchange {
  readonly request: HeaderList | null;
  readonly clientAddress: string;
  readonly owner: ExchangeOwner | null;
}

/** The hash of the request that an exchange has at the time. */
export class RequestHash implements HashedRequest {
  private readonly exchange: HashedExchange;
  private readonly bits = new Bits64();
  /** Of whom `bits` is; null: nobody asked. */
  private methods: readonly HashMethodPlan[] | null = null;
  private isHashed = false;
  private readonly cookies: string[] = [];
  private decidesSplit = false;

  constructor(exchange: HashedExchange) {
    this.exchange = exchange;
  }

  /** The hash by these methods, valid until the next call; null: the request has nothing that they hash. */
  by(methods: readonly HashMethodPlan[]): Bits64 | null {
    if (methods.length === 0) return null;
    if (this.methods !== methods) {
      this.methods = methods;
      this.isHashed = hashRequest(methods, this, this.bits);
    }
    return this.isHashed ? this.bits : null;
  }

  /** The same for a split: whoever answers, the client gets its cookies. */
  ofSplit(methods: readonly HashMethodPlan[]): Bits64 | null {
    this.decidesSplit = true;
    return this.by(methods);
  }

  /** The head changed. */
  forget(): void {
    this.methods = null;
  }

  /** Forgets the request. */
  clear(): void {
    this.methods = null;
    this.decidesSplit = false;
    this.cookies.length = 0;
  }

  /** Gives the client its cookies with an answer of the proxy's own: as in Envoy, none that only a balancer asked for. */
  addSplitCookies(answer: HeaderList): void {
    if (this.decidesSplit) this.addCookies(answer);
  }

  /** Gives the client its cookies. */
  addCookies(answer: HeaderList): void {
    for (const cookie of this.cookies) answer.addText(H.SET_COOKIE, cookie);
    this.cookies.length = 0;
  }

  // For the methods.

  get head(): HeaderList {
    return this.exchange.request as HeaderList;
  }

  get clientAddress(): string {
    return this.exchange.clientAddress;
  }

  /** As in Envoy the same one for all requests of a connection: several at once must not come to several endpoints. */
  makeCookie({ name, ttlSeconds, path, attributes }: Extract<HashMethodPlan, { kind: "cookie" }>): string {
    const { clientAddress, owner } = this.exchange;
    if (owner === null) return "";
    const { remoteAddress, remotePort, localAddress, localPort } = owner.facts;
    const remote = withPort(clientAddress, clientAddress === remoteAddress ? remotePort : 0);
    const local = withPort(localAddress, localPort);
    cookieBits.set(0, 0);
    xxHash64(`${remote ?? ""}${local ?? ""}`, cookieBits);
    const value = cookieBits.hex;
    const age = ttlSeconds === 0 ? "" : `; Max-Age=${ttlSeconds}`;
    const where = path === "" ? "" : `; Path=${path}`;
    const more = attributes.map((attribute) => `; ${attribute}`).join("");
    const cookie = `${name}="${value}"${age}${where}${more}; HttpOnly`;
    if (!this.cookies.includes(cookie)) this.cookies.push(cookie);
    return value;
  }
}

const cookieBits = new Bits64();
