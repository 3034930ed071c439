// Who makes the attempts of a request, as an upstream call sees it: the router.
import type { RetryPlan } from "../../config/plan/retry.ts";
import type { ProtocolFault } from "../../protocol/fault.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import type { OpenFailure, UpstreamStream } from "../upstream/upstream.ts";

/** Which endpoints a retry avoids. */
export type RetryHosts = Pick<RetryPlan, "avoidsTriedHosts" | "avoidsCanaries" | "repicksMax">;

/** Who started the call. */
export interface CallOwner {
  /** A stream is open: the last change of the head before it is written. */
  onCallOpen(stream: UpstreamStream): void;
  /** No stream could be opened. */
  onCallFailed(failure: OpenFailure): void;
  /** The open stream ended before the response was complete. `responded`: its head had come. */
  onCallFault(fault: ProtocolFault, responded: boolean): void;
  /** A stale pooled connection was replaced. */
  onCallReopened(): void;
  /** More of the body came than is kept for another attempt; `isWaiting`: the one there was has failed. */
  onBodyTooLarge(isWaiting: boolean): void;
  onResponseInterim(head: HeaderList): void;
  onResponseHead(head: HeaderList, end: boolean): void;
  onResponseData(bytes: Uint8Array, start: number, end: number, last: boolean): void;
  onResponseTrailers(trailers: HeaderList): void;
  /** The request's source is to be paused or resumed: the upstream takes no more. */
  onRequestPressure(isBackedUp: boolean): void;
}
