// envoy.filters.http.buffer: holds a request back until it is whole, so that the upstream sees its length and never a slow client.
// A longer body than allowed is answered 413.
import type { BufferPlan } from "../../../config/plan/filters/buffer.ts";
import type { HeaderList } from "../../../protocol/header-list.ts";
import { H } from "../../../protocol/header-names.ts";
import { REPLIES } from "../../exchange/local-reply.ts";
import { type FilterCall, type FilterMaker, type FilterSite, type HttpFilter, Step } from "../filter.ts";

/** Opens the filter. */
export function openBuffer(plan: BufferPlan, { place }: FilterSite): FilterMaker {
  return (call) => new BufferFilter(call, plan, place);
}

class BufferFilter implements HttpFilter {
  private readonly call: FilterCall;
  private readonly place: number;
  private plan: BufferPlan;
  private head: HeaderList | null = null;
  private bytes = 0;

  constructor(call: FilterCall, plan: BufferPlan, place: number) {
    this.call = call;
    this.plan = plan;
    this.place = place;
  }

  decodeHead(head: HeaderList, end: boolean): Step {
    if (end) return Step.Next;
    const override = this.call.override(this.place);
    if (override?.kind === "buffer") {
      if (override.settings === null) return Step.Next;
      this.plan = override.settings;
    }
    this.head = head;
    // One more than allowed: a body that is too long is seen before its source is paused.
    this.call.holdRequest(this.plan.requestBytesMax + 1);
    return Step.Parked;
  }

  decodeData(_: Uint8Array, start: number, end: number, last: boolean): Step {
    if (this.head === null) return Step.Next;
    this.bytes += end - start;
    if (this.bytes > this.plan.requestBytesMax) return this.call.reply(REPLIES.requestTooLarge);
    if (last) this.release(this.head);
    return Step.Next;
  }

  decodeTrailers(): Step {
    if (this.head !== null) this.release(this.head);
    return Step.Next;
  }

  private release(head: HeaderList): void {
    // As Envoy: the length is known now.
    if (!head.has(H.CONTENT_LENGTH) || head.has(H.TRANSFER_ENCODING)) {
      head.remove(H.TRANSFER_ENCODING);
      head.setText(H.CONTENT_LENGTH, String(this.bytes));
    }
    this.head = null;
    this.call.resumeDecode();
  }
}
