// A CONNECT that ends here: a raw connection that looks to its call like a stream whose answer is 200 as soon as it stands, with what the
// endpoint says as the body. Called by upstream-cluster.ts.
import type { Bits64 } from "../../base/bits64.ts";
import type { MetadataMatchPlan } from "../../config/plan/subset.ts";
import type { NetFault } from "../../net/channel.ts";
import { ErrorCode, fault as makeFault, type ProtocolFault } from "../../protocol/fault.ts";
import { acquireHeaderList, type HeaderList } from "../../protocol/header-list.ts";
import { type MessageWriter, QUEUED_HIGH_BYTES } from "../../protocol/message.ts";
import { PendingRequest } from "./pending-queue.ts";
import type { Cluster, OpenFailure, RawStream, RawWish, UpstreamRequest } from "./upstream.ts";

/** Dials for a request; while it waits it stands in `pending`. */
export function openRaw(
  request: UpstreamRequest,
  cluster: Pick<Cluster, "connect">,
  pending: Map<UpstreamRequest, PendingRequest>,
): void {
  const outcome = cluster.connect(new RawRequest(request, () => pending.delete(request)));
  if ("kind" in outcome) {
    request.onOpenFailed(outcome);
    return;
  }
  const cancel = (): void => {
    pending.delete(request);
    outcome.close();
  };
  pending.set(request, new PendingRequest(request, cancel));
}

class RawRequest implements RawWish, MessageWriter {
  readonly streamId = 0;
  readonly hash: Bits64 | null;
  readonly metadataMatch: MetadataMatchPlan | null;
  private readonly request: UpstreamRequest;
  private readonly onSettled: () => void;
  private connection: RawStream | null = null;
  private isBackedUpNow = false;
  /** The endpoint has said all, or its owner wants to hear no more. */
  private isOver = false;
  private isFinished = false;

  /** `onSettled`: the attempt to connect is over, one way or the other. */
  constructor(request: UpstreamRequest, onSettled: () => void) {
    this.request = request;
    this.hash = request.hash ?? null;
    this.metadataMatch = request.metadataMatch ?? null;
    this.onSettled = onSettled;
  }

  onRawOpen(connection: RawStream): void {
    const { endpoint, channel } = connection;
    this.connection = connection;
    this.onSettled();
    this.request.onOpen({ writer: this, endpoint, channel, protocol: "raw", reused: false, unanswered: true });
    // Not before what came meanwhile was written: with an answer its owner forgets that.
    if (this.isOver) return;
    const answer = acquireHeaderList();
    answer.status = 200;
    this.request.sink.onHead(answer, false);
  }

  onRawFailed(failure: OpenFailure): void {
    this.onSettled();
    this.request.onOpenFailed(failure);
  }

  onRawData(bytes: Uint8Array, start: number, end: number): void {
    if (!this.isOver) this.request.sink.onData(bytes, start, end, false);
  }

  onRawEnd(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.request.sink.onData(NOTHING, 0, 0, true);
  }

  onRawDrain(): void {
    if (!this.isBackedUpNow) return;
    this.isBackedUpNow = false;
    this.request.sink.onWritable();
  }

  onRawClosed(_: NetFault | null): void {
    this.connection = null;
    if (this.isOver) return;
    this.isOver = true;
    this.request.sink.onFault(ENDED);
  }

  writeHead(_: HeaderList, end: boolean): void {
    if (end) this.finish();
  }

  /** There is nobody to tell. */
  writeInterim(_: HeaderList): void {}

  writeData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    if (this.isFinished) return;
    if (end > start) this.connection?.channel.writeThrough(bytes, start, end);
    if (last) this.finish();
  }

  writeTrailers(_: HeaderList): void {
    this.finish();
  }

  reset(code: number): void {
    this.isOver = true;
    if (code === ErrorCode.NoError) this.connection?.close();
    else this.connection?.abort("close");
  }

  isBackedUp(): boolean {
    if ((this.connection?.channel.queuedBytes() ?? 0) < QUEUED_HIGH_BYTES) return false;
    this.isBackedUpNow = true;
    return true;
  }

  pauseSource(): void {
    this.connection?.channel.pauseReading();
  }

  resumeSource(): void {
    this.connection?.channel.resumeReading();
  }

  private finish(): void {
    if (this.isFinished) return;
    this.isFinished = true;
    this.connection?.finish();
  }
}

const NOTHING: Uint8Array = new Uint8Array(0);
const ENDED: ProtocolFault = makeFault("connection_closed", "connection_termination", { code: ErrorCode.NoError });
