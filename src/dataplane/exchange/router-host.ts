// What a router needs of the exchange that owns it.
import type { InternalRedirectPlan } from "../../config/plan/internal-redirect.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import type { FormatSource } from "../../telemetry/format.ts";
import type { Span } from "../tracing/request-span.ts";
import type { ConnectionManager } from "./connection-manager.ts";
import type { LocalReply } from "./local-reply.ts";
import type { RequestHash } from "./request-hash.ts";
import type { Tunnel } from "./tunnel.ts";

/** The exchange as its router sees it. */
export interface RouterHost extends FormatSource {
  readonly manager: ConnectionManager;
  readonly request: HeaderList | null;
  readonly requestEnded: boolean;
  /** When its first byte came. */
  readonly startMs: number;
  /** The tunnel that it asks for and may have; null: none. */
  readonly tunnel: Tunnel | null;
  /** No body is still to come, from the client or from behind filters. */
  readonly endsWithHead: boolean;
  /** Monotonic time when the request was complete, -1 before. */
  readonly requestEndMs: number;
  /** Null: it is not traced. */
  readonly span: Span | null;
  /** What filters said of the request, by namespace; null: nothing. */
  readonly metadata: ReadonlyMap<string, ReadonlyMap<string, unknown>> | null;
  readonly isInternal: boolean;
  readonly isGrpc: boolean;
  /** Not counted among the cluster's answers. */
  readonly isHealthCheck: boolean;
  readonly protocol: "http1" | "http2";
  /** The request's one random number, which decides every share of it. */
  readonly randomNumber: number;
  /** Of this request, if anybody asked for it; null: nobody did. */
  readonly hashing: RequestHash | null;
  /** The same, made when there is none yet. */
  readonly hash: RequestHash;
  nowMs(): number;
  /** A response flag, whatever becomes of the request. */
  addFlag(flag: string): void;
  /** Answers, or breaks an answer that has begun. */
  giveUp(answer: LocalReply): void;
  /** Whether the request begins again with where this answer sends it; else the answer is the client's. */
  redirects(answer: HeaderList, plan: InternalRedirectPlan): boolean;
  /** The response cannot be finished; its head has gone down. */
  breakResponse(flag: string, details: string): void;
  onRequestPressure(isBackedUp: boolean): void;
  /** Where the answer goes. */
  readonly response: {
    status: number;
    interim(head: HeaderList): void;
    begin(head: HeaderList, end: boolean): void;
    body(bytes: Uint8Array, start: number, end: number, last: boolean): void;
    end(trailers: HeaderList): void;
  };
}
