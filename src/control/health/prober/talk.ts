// What a check says and hears over one connection that stands. Implemented by codec-talk.ts (HTTP, gRPC) and tcp-talk.ts; driven by
// endpoint-probe.ts, which owns the socket.
import type { ProbeOutcome } from "../probe.ts";

/** The talk over one connection. */
export interface Talk {
  /** Asks, when `canAsk`. */
  ask(): void;
  /** Whether the connection can carry a question now. */
  canAsk(): boolean;
  /** Bytes came; valid during the call only. */
  receive(bytes: Uint8Array, start: number, end: number): void;
  /** The peer closed its sending side. */
  receiveEnd(): void;
  /** The connection broke. */
  lost(reason: string): void;
  /** The kernel took what waited. */
  onDrain(): void;
}

/** Who owns the connection. Each call may come in the middle of one of the talk's methods. */
export interface TalkOwner {
  /** The answer is complete; at most once per question. */
  onAnswer(outcome: ProbeOutcome): void;
  /** There will be no answer. `isStale`: nothing of one came, and an end was what came instead. */
  onNoAnswer(reason: string, isStale: boolean): void;
}
