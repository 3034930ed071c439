// One direction of one message through the filters of its chain: which filters the head has passed, and the body that waits behind a
// parked one. Called by the exchange; the bytes that all filters let pass go to a PassOutput.
import { type HeaderList, releaseHeaderList } from "../../protocol/header-list.ts";
import { BODY_BUFFER_HIGH_BYTES, BodyBuffer } from "../exchange/body-buffer.ts";
import type { MemoryBudget } from "../exchange/memory-budget.ts";
import { type HttpFilter, Step } from "./filter.ts";
import type { Piece } from "./piece.ts";

/** Where a direction's bytes go when all filters let them pass. */
export interface PassOutput {
  data(bytes: Uint8Array, start: number, end: number, last: boolean): void;
  /** The list belongs to the output. */
  trailers(trailers: HeaderList): void;
}

/** What a direction calls, and in which order. */
export interface Hooks {
  /** The last filter comes first. */
  readonly reversed: boolean;
  head(filter: HttpFilter, head: HeaderList, end: boolean): Step;
  data(filter: HttpFilter, bytes: Uint8Array, start: number, end: number, last: boolean): Step;
  trailers(filter: HttpFilter, trailers: HeaderList): Step;
}

/** One direction. */
export class Pass {
  /** At this many waiting bytes the source is paused. */
  holdBytesMax: number = BODY_BUFFER_HIGH_BYTES;
  private readonly filters: readonly HttpFilter[];
  private readonly hooks: Hooks;
  private readonly piece: Piece;
  private readonly waiting: BodyBuffer;
  private list: HeaderList | null = null;
  private headEnds = false;
  /** Filters of this direction; 0 when they are passed by. */
  private count = 0;
  /** Filters before this index have let the head pass. */
  private at = 0;
  /** The filter that parked the message, -1: none. */
  private parkedAt = -1;
  private hasEnded = false;
  private trailers: HeaderList | null = null;
  /** First filter that has not seen what waits. */
  private unseenFrom = 0;
  /** A hook is running: what resumes now resumes after it. */
  private isBusy = false;
  private resumesLater = false;

  constructor(filters: readonly HttpFilter[], hooks: Hooks, piece: Piece, budget: MemoryBudget) {
    this.filters = filters;
    this.hooks = hooks;
    this.piece = piece;
    this.waiting = new BodyBuffer(budget);
  }

  /** A message comes; its filters are known. */
  begin(): void {
    this.count = this.filters.length;
  }

  /** Starts with the head. `Next`: all filters let it pass. */
  head(list: HeaderList, end: boolean): Step {
    this.list = list;
    this.headEnds = end;
    return this.walk();
  }

  /** Goes on behind the parked filter. `Next` only when the head has passed them all now; follow with `release`. */
  resume(): Step {
    if (this.isBusy) {
      this.resumesLater = true;
      return Step.Parked;
    }
    if (this.parkedAt < 0) return Step.Parked;
    this.unpark();
    return this.walk();
  }

  /** Whether `resume` was called in a hook; asked after each piece: the caller then resumes. */
  takeResume(): boolean {
    if (!this.resumesLater) return false;
    this.resumesLater = false;
    return true;
  }

  /** Body bytes; those that all filters let pass go to `out`. `Reply`: a filter answered. */
  data(bytes: Uint8Array, start: number, end: number, last: boolean, out: PassOutput): Step {
    this.isBusy = true;
    const step = this.dataFrom(0, bytes, start, end, last, out);
    this.isBusy = false;
    return step;
  }

  /** Trailers, as `data`. The list belongs to the pass. */
  end(trailers: HeaderList, out: PassOutput): Step {
    this.isBusy = true;
    const step = this.endFrom(trailers, out);
    this.isBusy = false;
    return step;
  }

  /** Whether the source is to be paused. */
  isFull(): boolean {
    return this.waiting.length >= this.holdBytesMax;
  }

  /** Whether something waits: bytes, the end or trailers. */
  hasWaiting(): boolean {
    return this.waiting.length > 0 || this.hasEnded || this.trailers !== null;
  }

  /** Bytes that wait. */
  waitingBytes(): number {
    return this.waiting.length;
  }

  /** Sends what waited on through the filters that have not seen it. */
  release(out: PassOutput): Step {
    let step = this.catchUp(this.count - 1);
    while (step === Step.Parked && this.takeResume()) {
      this.unpark();
      step = this.catchUp(this.count - 1);
    }
    if (step !== Step.Next) return step;
    if (this.waiting.length > 0 || this.hasEnded) {
      out.data(this.waiting.view(), 0, this.waiting.length, this.hasEnded);
      this.waiting.clear();
      this.hasEnded = false;
    }
    const { trailers } = this;
    this.trailers = null;
    if (trailers !== null) out.trailers(trailers);
    return Step.Next;
  }

  /** Forgets the message, and its filters: what comes then passes them by. */
  drop(): void {
    this.waiting.clear();
    if (this.trailers !== null) releaseHeaderList(this.trailers);
    this.trailers = null;
    this.list = null;
    this.count = 0;
    this.at = 0;
    this.parkedAt = -1;
    this.unseenFrom = 0;
    this.hasEnded = false;
    this.isBusy = false;
    this.resumesLater = false;
    this.holdBytesMax = BODY_BUFFER_HIGH_BYTES;
  }

  private dataFrom(from: number, bytes: Uint8Array, start: number, end: number, last: boolean, out: PassOutput): Step {
    const { piece } = this;
    let isOwn = false;
    for (let i = from; i <= this.reached(); i++) {
      const step = isOwn
        ? this.hooks.data(this.filter(i), piece.bytes, piece.start, piece.end, piece.last)
        : this.hooks.data(this.filter(i), bytes, start, end, last);
      if (step === Step.Reply) return step;
      if (step === Step.Replaced) {
        if (piece.isNothing()) return this.parkedAt >= 0 ? Step.Parked : Step.Next;
        isOwn = true;
      } else if (step === Step.Parked && this.parkedAt < 0) {
        this.parkedAt = i;
        break;
      }
    }
    if (isOwn) return this.keepOrPass(piece.bytes, piece.start, piece.end, piece.last, out);
    return this.keepOrPass(bytes, start, end, last, out);
  }

  private keepOrPass(bytes: Uint8Array, start: number, end: number, last: boolean, out: PassOutput): Step {
    if (this.parkedAt < 0) {
      out.data(bytes, start, end, last);
      return Step.Next;
    }
    if (this.waiting.length === 0) this.unseenFrom = this.parkedAt + 1;
    this.waiting.append(bytes, start, end);
    this.hasEnded = last;
    return Step.Parked;
  }

  private endFrom(trailers: HeaderList, out: PassOutput): Step {
    for (let i = 0; i <= this.reached(); i++) {
      const step = this.hooks.trailers(this.filter(i), trailers);
      if (step === Step.Reply || step === Step.Replaced) releaseHeaderList(trailers);
      if (step === Step.Reply) return step;
      if (step === Step.Replaced) {
        const { bytes, start, end } = this.piece;
        return this.dataFrom(i + 1, bytes, start, end, true, out);
      }
      if (step === Step.Parked && this.parkedAt < 0) {
        this.parkedAt = i;
        break;
      }
    }
    if (this.parkedAt < 0) {
      out.trailers(trailers);
      return Step.Next;
    }
    if (this.waiting.length === 0) this.unseenFrom = this.parkedAt + 1;
    this.trailers = trailers;
    return Step.Parked;
  }

  /** The last filter that sees what comes now. */
  private reached(): number {
    return this.parkedAt >= 0 ? this.parkedAt : this.count - 1;
  }

  private filter(i: number): HttpFilter {
    return this.filters[this.hooks.reversed ? this.filters.length - 1 - i : i] as HttpFilter;
  }

  /** A message that was parked by its head goes on behind that filter, one parked by its body where it is. */
  private unpark(): void {
    if (this.parkedAt === this.at) this.at++;
    this.parkedAt = -1;
  }

  private walk(): Step {
    while (this.at < this.count) {
      this.isBusy = true;
      const step = this.hooks.head(this.filter(this.at), this.list as HeaderList, this.headEnds);
      this.isBusy = false;
      if (step === Step.Next) {
        this.at++;
        continue;
      }
      if (step !== Step.Parked) return step;
      this.parkedAt = this.at;
      // What waited behind an earlier filter comes before what this one will see next.
      if (this.catchUp(this.at) === Step.Reply) return Step.Reply;
      if (!this.takeResume()) return Step.Parked;
      this.unpark();
    }
    return Step.Next;
  }

  /** Shows what waits to the filters up to `upTo` that have not seen it. */
  private catchUp(upTo: number): Step {
    for (; this.unseenFrom <= upTo && this.hasWaiting(); this.unseenFrom++) {
      this.isBusy = true;
      const step = this.showWaiting(this.filter(this.unseenFrom));
      this.isBusy = false;
      if (step === Step.Reply) return step;
      if (step === Step.Parked && this.parkedAt < 0) {
        this.parkedAt = this.unseenFrom;
        this.unseenFrom++;
        return step;
      }
    }
    return Step.Next;
  }

  private showWaiting(filter: HttpFilter): Step {
    let step: Step = Step.Next;
    if (this.waiting.length > 0 || this.hasEnded) {
      step = this.hooks.data(filter, this.waiting.view(), 0, this.waiting.length, this.hasEnded);
      if (step === Step.Replaced) step = this.replaceWaiting();
    }
    const { trailers } = this;
    if (step !== Step.Next || trailers === null) return step;
    step = this.hooks.trailers(filter, trailers);
    if (step !== Step.Replaced) return step;
    releaseHeaderList(trailers);
    this.trailers = null;
    this.waiting.append(this.piece.bytes, this.piece.start, this.piece.end);
    this.hasEnded = true;
    return Step.Next;
  }

  private replaceWaiting(): Step {
    const { start, end, last } = this.piece;
    const bytes = this.piece.bytes.slice(start, end); // it may lie in what is cleared now
    this.waiting.clear();
    this.waiting.append(bytes, 0, bytes.length);
    this.hasEnded = last;
    return Step.Next;
  }
}
