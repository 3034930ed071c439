// envoy.filters.http.grpc_web: a browser's gRPC-Web call, binary or as text, becomes a gRPC call, and the answer's trailers become the last
// frame of its body. What is no gRPC answer becomes one whose message is the body's text. Counts under `cluster.<name>.grpc-web.`.
import { grpcStatusOfHttp } from "../../../protocol/grpc-status.ts";
import type { HeaderList } from "../../../protocol/header-list.ts";
import { H } from "../../../protocol/header-names.ts";
import { type LocalReply, percentEncoded } from "../../exchange/local-reply.ts";
import { isGrpc } from "../../routing/route-table.ts";
import { type FilterCall, type FilterMaker, type FilterSite, type HttpFilter, Step } from "../filter.ts";
import { GrpcMethodTable, type MethodStats } from "../grpc-methods.ts";
import { Base64Reader, FrameTextWriter } from "./base64.ts";

/** Opens the filter. */
export function openGrpcWeb({ services }: FilterSite): FilterMaker {
  const methods = new GrpcMethodTable(services.stats, { family: "grpc-web", methods: "all", replaceDots: false });
  return (call) => {
    const type = call.request()?.value(H.CONTENT_TYPE);
    return type?.startsWith(WEB) ? new GrpcWeb(call, methods) : null;
  };
}

class GrpcWeb implements HttpFilter {
  private readonly call: FilterCall;
  private readonly methods: GrpcMethodTable;
  private stats: MethodStats | null = null;
  private isWeb = false;
  private request: Base64Reader | null = null;
  private answer: FrameTextWriter | null = null;
  private wantsText = false;
  /** The head of an answer that is no gRPC; null: it is, or its message is told. */
  private foreign: HeaderList | null = null;
  private message: Buffer = NOTHING;

  constructor(call: FilterCall, methods: GrpcMethodTable) {
    this.call = call;
    this.methods = methods;
  }

  decodeHead(head: HeaderList): Step {
    const type = head.value(H.CONTENT_TYPE) ?? "";
    this.isWeb = WEB_TYPES.has(type);
    if (!this.isWeb) return Step.Next;
    const cluster = this.call.cluster();
    if (cluster !== null) this.stats = this.methods.of(cluster, head.value(H.PSEUDO_PATH) ?? "");
    if (isText(type)) this.request = new Base64Reader();
    this.wantsText = isText(head.value(H.ACCEPT) ?? "");
    head.remove(H.CONTENT_LENGTH);
    head.setText(H.CONTENT_TYPE, "application/grpc");
    head.setText(H.TE, "trailers");
    if (!head.has(H.GRPC_ACCEPT_ENCODING)) head.addText(H.GRPC_ACCEPT_ENCODING, "identity");
    return Step.Next;
  }

  decodeData(bytes: Uint8Array, start: number, end: number, last: boolean): Step {
    if (this.request === null) return Step.Next;
    const decoded = this.request.read(bytes, start, end);
    if (last && this.request.isWithin()) return this.call.reply(BAD_SIZE);
    return decoded === null ? this.call.reply(BAD_TEXT) : this.call.replace(decoded, 0, decoded.length, last);
  }

  encodeHead(head: HeaderList, end: boolean): Step {
    if (!this.isWeb) return Step.Next;
    this.onStatus(head);
    const isForeign = !isGrpcAnswer(head, end) && !isWebAnswer(head);
    head.remove(H.CONTENT_LENGTH);
    head.setText(H.CONTENT_TYPE, this.wantsText ? `${WEB}-text+proto` : `${WEB}+proto`);
    if (this.wantsText) this.answer = new FrameTextWriter();
    if (end || !isForeign) return Step.Next;
    this.foreign = head;
    return Step.Parked;
  }

  encodeData(bytes: Uint8Array, start: number, end: number, last: boolean): Step {
    if (!this.isWeb) return Step.Next;
    if (this.foreign !== null) return this.takeMessage(this.foreign, bytes, start, end, last);
    if (this.answer === null) return Step.Next;
    const text = Buffer.from(this.answer.write(bytes, start, end), "latin1");
    return this.call.replace(text, 0, text.length, last);
  }

  encodeTrailers(trailers: HeaderList): Step {
    if (!this.isWeb) return Step.Next;
    this.onStatus(trailers);
    if (this.foreign !== null) {
      this.tellMessage(this.foreign);
      return Step.Next;
    }
    const lines = trailers.entries().map(([name, value]) => `${name}:${value}\r\n`);
    const frame = Buffer.from(`\u0080\0\0\0\0${lines.join("")}`, "latin1");
    frame.writeUInt32BE(frame.length - PREFIX_BYTES, 1);
    const bytes = this.wantsText ? Buffer.from(frame.toString("base64"), "latin1") : frame;
    return this.call.replace(bytes, 0, bytes.length, true);
  }

  private onStatus(fields: HeaderList): void {
    const status = fields.value(H.GRPC_STATUS);
    if (status !== undefined) this.stats?.countStatus(status);
  }

  /** As much of the body as a message may have; the rest is thrown away. */
  private takeMessage(head: HeaderList, bytes: Uint8Array, start: number, end: number, last: boolean): Step {
    // As Envoy: what comes in one piece is taken whole, what is gathered has a limit.
    const kept =
      last && this.message.length === 0 ? end : Math.min(end, start + MESSAGE_BYTES_MAX - this.message.length);
    if (kept > start) this.message = Buffer.concat([this.message, bytes.subarray(start, kept)]);
    if (last) this.tellMessage(head);
    return this.call.replace(NOTHING, 0, 0, last);
  }

  private tellMessage(head: HeaderList): void {
    head.setText(H.GRPC_MESSAGE, percentEncoded(this.message));
    head.setText(H.GRPC_STATUS, String(grpcStatusOfHttp(head.status)));
    head.setText(H.CONTENT_LENGTH, "0");
    this.foreign = null;
    this.call.resumeEncode();
  }
}

function isText(type: string): boolean {
  return type === `${WEB}-text` || type === `${WEB}-text+proto`;
}

function isGrpcAnswer(head: HeaderList, end: boolean): boolean {
  return end ? head.has(H.GRPC_STATUS) : head.status === 200 && isGrpc(head);
}

function isWebAnswer(head: HeaderList): boolean {
  const type = (head.value(H.CONTENT_TYPE) ?? "").split(";", 1)[0]?.trimEnd().toLowerCase();
  return head.status === 200 && (type === WEB || type === `${WEB}+proto`);
}

function badRequest(details: string): LocalReply {
  const body = "Bad gRPC-web request, invalid base64 data.";
  return Object.freeze({ status: 400, body, bytes: null, flag: "", details, grpcStatus: -1 });
}

const WEB = "application/grpc-web";
const WEB_TYPES: ReadonlySet<string> = new Set([WEB, `${WEB}+proto`, `${WEB}-text`, `${WEB}-text+proto`]);
const BAD_SIZE = badRequest("grpc_base_64_decode_failed_bad_size");
const BAD_TEXT = badRequest("grpc_base_64_decode_failed");
const NOTHING: Buffer = Buffer.alloc(0);
const PREFIX_BYTES = 5;
const MESSAGE_BYTES_MAX = 16_384;
