// The filters of one request, in order, and how far each direction has come. A request without filters has no chain and pays nothing.
// The exchange drives it; the router is not in it: it is what the exchange does when the chain has let the request through.
import { type HeaderList, releaseHeaderList } from "../../protocol/header-list.ts";
import { BodyBuffer } from "../exchange/body-buffer.ts";
import type { MemoryBudget } from "../exchange/memory-budget.ts";
import { type FilterCall, type FilterMaker, type HttpFilter, Step } from "./filter.ts";

/** Where a direction's bytes go when all filters let them pass. */
export interface PassOutput {
  data(bytes: Uint8Array, start: number, end: number, last: boolean): void;
  /** The list belongs to the output. */
  trailers(trailers: HeaderList): void;
}

/** Makes the filters of a request; null when none wants it. */
export function createChain(makers: readonly FilterMaker[], call: FilterCall, budget: MemoryBudget): Chain | null {
  const filters: HttpFilter[] = [];
  for (const make of makers) {
    const filter = make(call);
    if (filter !== null) filters.push(filter);
  }
  return filters.length === 0 ? null : new Chain(filters, budget);
}

/** Both directions through the filters of one request. */
export class Chain {
  readonly decode: Pass;
  readonly encode: Pass;
  private readonly filters: readonly HttpFilter[];

  constructor(filters: readonly HttpFilter[], budget: MemoryBudget) {
    this.filters = filters;
    this.decode = new Pass(filters, DECODE, budget);
    this.encode = new Pass(filters.toReversed(), ENCODE, budget);
  }

  /** Tells every filter that the request is over. */
  done(): void {
    this.decode.drop();
    this.encode.drop();
    for (const filter of this.filters) filter.done?.();
  }
}

/** One direction: which filters the head has passed, and the body that waits behind a parked one. */
export class Pass {
  private readonly filters: readonly HttpFilter[];
  private readonly hooks: Hooks;
  private readonly waiting: BodyBuffer;
  private list: HeaderList | null = null;
  private headEnds = false;
  /** Filters before this index have let the head pass. */
  private at = 0;
  private isParked = false;
  private hasEnded = false;
  private trailers: HeaderList | null = null;
  /** First filter that has not seen what waits. */
  private unseenFrom = 0;

  constructor(filters: readonly HttpFilter[], hooks: Hooks, budget: MemoryBudget) {
    this.filters = filters;
    this.hooks = hooks;
    this.waiting = new BodyBuffer(budget);
  }

  /** Starts with the head. `Next`: all filters let it pass. */
  head(list: HeaderList, end: boolean): Step {
    this.list = list;
    this.headEnds = end;
    return this.walk();
  }

  /** Goes on behind the parked filter. `Next` only when the head has passed them all now; follow with `release`. */
  resume(): Step {
    if (!this.isParked) return Step.Parked;
    this.isParked = false;
    this.at++;
    return this.walk();
  }

  /** Body bytes; those that all filters let pass go to `out`. `Reply`: a filter answered. */
  data(bytes: Uint8Array, start: number, end: number, last: boolean, out: PassOutput): Step {
    const reached = this.isParked ? this.at : this.filters.length - 1;
    for (let i = 0; i <= reached; i++) {
      const step = this.hooks.data(this.filters[i] as HttpFilter, bytes, start, end, last);
      if (step === Step.Reply) return step;
      if (step === Step.Parked && !this.isParked) {
        this.park(i);
        break;
      }
    }
    if (!this.isParked) {
      out.data(bytes, start, end, last);
      return Step.Next;
    }
    if (this.waiting.length === 0) this.unseenFrom = this.at + 1;
    this.waiting.append(bytes, start, end);
    this.hasEnded = last;
    return Step.Parked;
  }

  /** Trailers, as `data`. The list belongs to the pass. */
  end(trailers: HeaderList, out: PassOutput): Step {
    const reached = this.isParked ? this.at : this.filters.length - 1;
    for (let i = 0; i <= reached; i++) {
      const step = this.hooks.trailers(this.filters[i] as HttpFilter, trailers);
      if (step === Step.Reply) {
        releaseHeaderList(trailers);
        return step;
      }
      if (step === Step.Parked && !this.isParked) {
        this.park(i);
        break;
      }
    }
    if (!this.isParked) {
      out.trailers(trailers);
      return Step.Next;
    }
    if (this.waiting.length === 0) this.unseenFrom = this.at + 1;
    this.trailers = trailers;
    return Step.Parked;
  }

  /** Bytes that wait: their source is paused at `BODY_BUFFER_HIGH_BYTES`. */
  waitingBytes(): number {
    return this.waiting.length;
  }

  /** Sends what waited on through the filters that have not seen it. */
  release(out: PassOutput): Step {
    const step = this.catchUp(this.filters.length - 1);
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

  /** Forgets what waits. */
  drop(): void {
    this.waiting.clear();
    if (this.trailers !== null) releaseHeaderList(this.trailers);
    this.trailers = null;
  }

  private park(i: number): void {
    this.isParked = true;
    this.at = i;
  }

  private walk(): Step {
    for (; this.at < this.filters.length; this.at++) {
      const filter = this.filters[this.at] as HttpFilter;
      const step = this.hooks.head(filter, this.list as HeaderList, this.headEnds);
      if (step === Step.Parked) {
        this.park(this.at);
        // What waited behind an earlier filter comes before what this one will see next.
        if (this.catchUp(this.at) === Step.Reply) return Step.Reply;
      }
      if (step !== Step.Next) return step;
    }
    return Step.Next;
  }

  /** Shows what waits to the filters up to `upTo` that have not seen it. */
  private catchUp(upTo: number): Step {
    const { trailers } = this;
    const hasBody = this.waiting.length > 0 || this.hasEnded;
    if (!hasBody && trailers === null) return Step.Next;
    for (; this.unseenFrom <= upTo; this.unseenFrom++) {
      const filter = this.filters[this.unseenFrom] as HttpFilter;
      let step: Step = Step.Next;
      if (hasBody) step = this.hooks.data(filter, this.waiting.view(), 0, this.waiting.length, this.hasEnded);
      if (step === Step.Next && trailers !== null) step = this.hooks.trailers(filter, trailers);
      if (step === Step.Reply) return step;
      if (step === Step.Parked && !this.isParked) {
        this.park(this.unseenFrom);
        this.unseenFrom++;
        return step;
      }
    }
    return Step.Next;
  }
}

interface Hooks {
  head(filter: HttpFilter, head: HeaderList, end: boolean): Step;
  data(filter: HttpFilter, bytes: Uint8Array, start: number, end: number, last: boolean): Step;
  trailers(filter: HttpFilter, trailers: HeaderList): Step;
}

const DECODE: Hooks = {
  head: (filter, head, end) => filter.decodeHead?.(head, end) ?? Step.Next,
  data: (filter, bytes, start, end, last) => filter.decodeData?.(bytes, start, end, last) ?? Step.Next,
  trailers: (filter, trailers) => filter.decodeTrailers?.(trailers) ?? Step.Next,
};

const ENCODE: Hooks = {
  head: (filter, head, end) => filter.encodeHead?.(head, end) ?? Step.Next,
  data: (filter, bytes, start, end, last) => filter.encodeData?.(bytes, start, end, last) ?? Step.Next,
  trailers: (filter, trailers) => filter.encodeTrailers?.(trailers) ?? Step.Next,
};
