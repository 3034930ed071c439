// envoy.filters.http.grpc_http1_bridge: an HTTP/1 client gets the whole answer of a gRPC call with the status of its trailers in the head,
// 503 unless it is 0. With upgrade_protobuf_to_grpc a bare protobuf message gets its prefix on the way up and loses it on the way down.
import type { GrpcHttp1BridgePlan } from "../../../config/plan/filters/grpc-http1-bridge.ts";
import type { HeaderList } from "../../../protocol/header-list.ts";
import { H } from "../../../protocol/header-names.ts";
import { BodyBuffer } from "../../exchange/body-buffer.ts";
import { REPLIES } from "../../exchange/local-reply.ts";
import type { MemoryBudget } from "../../exchange/memory-budget.ts";
import { isGrpc } from "../../routing/route-table.ts";
import { type FilterCall, type FilterMaker, type FilterSite, type HttpFilter, Step } from "../filter.ts";

/** Opens the filter. */
export function openGrpcHttp1Bridge(plan: GrpcHttp1BridgePlan, { budget }: FilterSite): FilterMaker {
  return (call) => {
    const head = call.request();
    if (head === null) return null;
    return isBare(plan, head) || (call.protocol === "http1" && isGrpc(head)) ? new Bridge(call, plan, budget) : null;
  };
}

class Bridge implements HttpFilter {
  private readonly call: FilterCall;
  private readonly plan: GrpcHttp1BridgePlan;
  private readonly body: BodyBuffer;
  /** The message has no prefix. */
  private isBare = false;
  private isBridged = false;
  private answer: HeaderList | null = null;

  constructor(call: FilterCall, plan: GrpcHttp1BridgePlan, budget: MemoryBudget) {
    this.call = call;
    this.plan = plan;
    this.body = new BodyBuffer(budget);
  }

  decodeHead(head: HeaderList): Step {
    if (isBare(this.plan, head)) {
      this.isBare = this.call.protocol === "http1"; // as Envoy: over HTTP/2 the type changes, the message does not
      head.setText(H.CONTENT_TYPE, "application/grpc");
      head.remove(H.CONTENT_LENGTH);
    }
    this.isBridged = this.call.protocol === "http1" && isGrpc(head);
    if (!this.isBridged || !this.plan.ignoreQuery) return Step.Next;
    const path = head.value(H.PSEUDO_PATH) ?? "";
    if (path.includes("?")) head.setText(H.PSEUDO_PATH, path.slice(0, path.indexOf("?")));
    return Step.Next;
  }

  decodeData(bytes: Uint8Array, start: number, end: number, last: boolean): Step {
    if (!this.isBare) return Step.Next;
    if (this.body.length === 0) this.body.append(PREFIX, 0, PREFIX.length);
    if (this.body.length + end - start > HELD_BYTES_MAX) return this.call.reply(REPLIES.requestTooLarge);
    this.body.append(bytes, start, end);
    return last ? this.frame() : this.call.replace(PREFIX, 0, 0, false);
  }

  decodeTrailers(): Step {
    return this.isBare && this.body.length > 0 ? this.frame() : Step.Next;
  }

  encodeHead(head: HeaderList, end: boolean): Step {
    if (!this.isBridged || end) return Step.Next;
    this.body.clear();
    this.answer = head;
    return Step.Parked;
  }

  encodeData(bytes: Uint8Array, start: number, end: number, last: boolean): Step {
    if (this.answer === null) return Step.Next;
    if (this.body.length + end - start > HELD_BYTES_MAX) return this.call.reply(REPLIES.responseTooLarge);
    this.body.append(bytes, start, end);
    return last ? this.release(0) : this.call.replace(PREFIX, 0, 0, false);
  }

  encodeTrailers(trailers: HeaderList): Step {
    const { answer } = this;
    if (answer === null) return Step.Next;
    const status = trailers.value(H.GRPC_STATUS);
    if (status !== undefined) {
      if (!/^0+$/.test(status)) answer.status = 503;
      answer.setText(H.GRPC_STATUS, status);
    }
    const message = trailers.value(H.GRPC_MESSAGE);
    if (message !== undefined) answer.setText(H.GRPC_MESSAGE, message);
    const from = this.isBare ? Math.min(PREFIX.length, this.body.length) : 0;
    answer.setText(H.CONTENT_LENGTH, String(this.body.length - from));
    return this.release(from);
  }

  done(): void {
    this.body.clear();
  }

  /** The whole request behind its prefix. */
  private frame(): Step {
    const bytes = Buffer.from(this.body.view().buffer, this.body.view().byteOffset, this.body.length);
    bytes.writeUInt32BE(this.body.length - PREFIX.length, 1);
    return this.call.replace(bytes, 0, bytes.length, true);
  }

  /** The whole answer. Its trailers are told: an HTTP/1 client gets none. */
  private release(from: number): Step {
    this.answer = null;
    this.call.resumeEncode();
    return this.call.replace(this.body.view(), from, this.body.length, true);
  }
}

function isBare(plan: GrpcHttp1BridgePlan, head: HeaderList): boolean {
  return plan.upgradeProtobuf && head.value(H.CONTENT_TYPE) === "application/x-protobuf";
}

const PREFIX: Uint8Array = new Uint8Array(5);
/** What one direction of one call may make a worker hold: Envoy's default of per_connection_buffer_limit_bytes. */
const HELD_BYTES_MAX = 1_048_576;
