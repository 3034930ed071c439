// The filters of one request, in order, and how far each direction has come. A request without filters has no chain and pays nothing.
// The exchange drives it and keeps it for its next request; the router is not in it: it is what the exchange does when the chain has
// let the request through.
import type { HeaderList } from "../../protocol/header-list.ts";
import type { MemoryBudget } from "../exchange/memory-budget.ts";
import type { FilterCall, FilterMaker, HttpFilter } from "./filter.ts";
import { type Hooks, Pass } from "./pass.ts";
import { Piece } from "./piece.ts";

/** Both directions through the filters of one request. */
export class Chain {
  readonly decode: Pass;
  readonly encode: Pass;
  /** What a filter gave instead of what it was shown. */
  readonly piece: Piece = new Piece();
  private readonly filters: HttpFilter[] = [];

  constructor(budget: MemoryBudget) {
    this.decode = new Pass(this.filters, DECODE, this.piece, budget);
    this.encode = new Pass(this.filters, ENCODE, this.piece, budget);
  }

  /** Makes the filters of a request; false when none wants it. */
  begin(makers: readonly FilterMaker[], call: FilterCall): boolean {
    const { filters } = this;
    for (const make of makers) {
      const filter = make(call);
      if (filter !== null) filters.push(filter);
    }
    if (filters.length === 0) return false;
    this.decode.begin();
    this.encode.begin();
    return true;
  }

  /** Tells every filter that the request is over, and forgets them. */
  done(): void {
    this.decode.drop();
    this.encode.drop();
    for (const filter of this.filters) filter.done?.();
    this.filters.length = 0;
    this.piece.clear();
  }
}

const DECODE: Hooks = {
  reversed: false,
  head: (filter: HttpFilter, head: HeaderList, end: boolean) => filter.decodeHead?.(head, end) ?? 0,
  data: (filter, bytes, start, end, last) => filter.decodeData?.(bytes, start, end, last) ?? 0,
  trailers: (filter, trailers) => filter.decodeTrailers?.(trailers) ?? 0,
};

const ENCODE: Hooks = {
  reversed: true,
  head: (filter, head, end) => filter.encodeHead?.(head, end) ?? 0,
  data: (filter, bytes, start, end, last) => filter.encodeData?.(bytes, start, end, last) ?? 0,
  trailers: (filter, trailers) => filter.encodeTrailers?.(trailers) ?? 0,
};
