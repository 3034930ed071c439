// The body of a request on its way up: what waits for a stream, and all of it as long as it may have to be sent again. Kept by an
// upstream call; its bytes count in the worker's budget.
import { type HeaderList, releaseHeaderList } from "../../protocol/header-list.ts";
import type { MessageWriter } from "../../protocol/message.ts";
import { BODY_BUFFER_HIGH_BYTES, BodyBuffer } from "./body-buffer.ts";
import type { MemoryBudget } from "./memory-budget.ts";

/** One request's body and trailers. */
export class RequestBody {
  /** Whether the request's end, with or without trailers, is known. */
  ended: boolean = false;
  /** Whether everything that came is at hand, so that it can be sent again. */
  isWhole: boolean = false;
  private readonly bytes: BodyBuffer;
  private trailers: HeaderList | null = null;
  /** Bytes that are kept after they were sent; -1: nothing is. */
  private keptBytesMax = -1;

  constructor(budget: MemoryBudget) {
    this.bytes = new BodyBuffer(budget);
  }

  /** A request begins. `keptBytesMax`: how much of it is kept for another attempt, -1 nothing. */
  begin(ended: boolean, keptBytesMax: number): void {
    this.ended = ended;
    this.isWhole = true;
    this.keptBytesMax = keptBytesMax;
  }

  /** Whether the source is to be paused while there is no stream. */
  get isFull(): boolean {
    return this.bytes.length >= BODY_BUFFER_HIGH_BYTES;
  }

  /** Bytes for which there is no stream. False: more than may be kept. */
  hold(bytes: Uint8Array, start: number, end: number): boolean {
    this.bytes.append(bytes, start, end);
    return this.keptBytesMax < 0 || this.bytes.length <= this.keptBytesMax;
  }

  /** Bytes that are sent. False: with them more than may be kept, so that from now on nothing is. */
  pass(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.keptBytesMax >= 0 && this.bytes.length + end - start <= this.keptBytesMax) {
      this.bytes.append(bytes, start, end);
      return true;
    }
    this.isWhole = false;
    if (this.keptBytesMax < 0) return true;
    this.forgetSent();
    return false;
  }

  /** Trailers; the list belongs to this. `isSent`: they were. */
  end(trailers: HeaderList, isSent: boolean): void {
    if (isSent && this.keptBytesMax < 0) {
      this.isWhole = false;
      releaseHeaderList(trailers);
    } else this.trailers = trailers;
  }

  /** A copy of all of it without its trailers; null: not all of it came, or some was sent and not kept. */
  whole(): Uint8Array | null {
    return this.ended && this.isWhole ? Buffer.from(this.bytes.view().subarray(0, this.bytes.length)) : null;
  }

  /** Whether the head is all of it. */
  get isHeadOnly(): boolean {
    return this.ended && this.trailers === null && this.bytes.length === 0;
  }

  /** Writes all that is at hand behind the head. */
  sendTo(writer: MessageWriter): void {
    const { length } = this.bytes;
    if (length > 0) writer.writeData(this.bytes.view(), 0, length, this.ended && this.trailers === null);
    if (this.trailers !== null) writer.writeTrailers(this.trailers);
    if (this.ended || this.keptBytesMax >= 0) return;
    this.isWhole = false;
    this.bytes.clear();
  }

  /** There will be no other attempt: nothing is kept after it was sent. */
  stopKeeping(): void {
    this.keptBytesMax = -1;
  }

  /** The same, and everything so far was sent. */
  forgetSent(): void {
    this.keptBytesMax = -1;
    this.isWhole = false;
    this.bytes.clear();
  }

  /** Forgets everything. */
  clear(): void {
    this.keptBytesMax = -1;
    this.bytes.clear();
    if (this.trailers !== null) releaseHeaderList(this.trailers);
    this.trailers = null;
  }
}
