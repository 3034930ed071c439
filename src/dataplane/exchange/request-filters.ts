// The filters of an exchange's request: made when it comes, with the face that they see it by. Part of an exchange, which has their chain.
import type { HeaderList } from "../../protocol/header-list.ts";
import { Chain } from "../filters/chain.ts";
import { Step } from "../filters/filter.ts";
import type { Exchange } from "./exchange.ts";
import { FilterFace } from "./filter-face.ts";

/** The filters of one request at a time. */
export class RequestFilters {
  private readonly exchange: Exchange;
  private face: FilterFace | null = null;
  /** Of an earlier request. */
  private spare: Chain | null = null;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  /** Makes the filters of the request and shows them its head. */
  begin(): Step {
    const { exchange } = this;
    const { filters, worker } = exchange.manager;
    this.face ??= new FilterFace(exchange);
    const chain = this.spare ?? new Chain(worker.budget);
    this.spare = chain;
    if (!chain.begin(filters.isPlain ? filters.base.makers : this.face.filters().makers, this.face)) return Step.Next;
    exchange.chain = chain;
    return chain.decode.head(exchange.request as HeaderList, exchange.endsWithHead);
  }

  /** The chain is kept for the next request, its face is not: a filter may have kept that. */
  end(chain: Chain): void {
    chain.done();
    this.exchange.chain = null;
    this.face?.detach();
    this.face = null;
  }
}
