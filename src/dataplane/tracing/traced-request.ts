// What spans tell of: a request and its attempts, as the tracer sees them; and how both are put into words.
import type { HeaderList } from "../../protocol/header-list.ts";
import type { FormatSource } from "../../telemetry/format.ts";
import type { SpanWriter } from "../../telemetry/span-writer.ts";
import type { Route } from "../routing/route-table.ts";

/** The request of a span, as far as the span tells of it. */
export interface TracedRequest extends FormatSource {
  readonly request: HeaderList | null;
  readonly startMs: number;
  readonly startWallMs: number;
  readonly isGrpc: boolean;
  /** Response flags with commas between; empty: none. */
  readonly flags: string;
  readonly protocol: "http1" | "http2";
  readonly clientAddress: string;
  readonly bytesReceived: number;
  readonly response: {
    readonly status: number;
    readonly head: HeaderList | null;
    readonly bytesSent: number;
    readonly grpcStatus: string | undefined;
  };
  readonly router: {
    readonly attempts: number;
    readonly cluster: TracedCluster | null;
    readonly call: TracedCall;
  };
  nowMs(): number;
  /** The route as it is now, chosen if need be. */
  route(): Route | null;
}

/** The cluster of a request. */
export interface TracedCluster {
  readonly plan: { readonly name: string; readonly statName: string };
}

/** The upstream half of a request. */
export interface TracedCall {
  readonly endpoint: { readonly text: string } | null;
  readonly stream: { readonly protocol: "http1" | "http2" | "raw" } | null;
}

/** Where the head has the path and the authority that came, whatever a route writes over them: a list keeps the bytes of old values. */
export interface OriginalPlaces {
  readonly pathStart: number;
  readonly pathEnd: number;
  readonly authorityStart: number;
  readonly authorityEnd: number;
}

/** One attempt that is over. */
export interface AttemptFacts {
  readonly cluster: TracedCluster;
  readonly call: TracedCall;
  /** 1: the first one. */
  readonly number: number;
  /** 0: there was no answer. */
  readonly status: number;
  readonly flags: string;
}

/** What spans of one kind of tracer say. */
export interface SpanWords {
  request(writer: SpanWriter, request: TracedRequest, original: OriginalPlaces, pathLengthMax: number): void;
  attempt(writer: SpanWriter, attempt: AttemptFacts, request: TracedRequest): void;
}

/** Status of the answer; 0 without one. */
export function statusOf({ response }: TracedRequest): number {
  return response.status || (response.head?.status ?? 0);
}
