// The answer to one export: whether the collector took it, by the rules of the OTLP specification. Used by collector-connection.ts.
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { ProtocolFault } from "../../protocol/fault.ts";
import { type HeaderList, releaseHeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import type { MessageSink } from "../../protocol/message.ts";
import { GrpcFrames } from "../grpc/grpc-frames.ts";
import type { ExportResult, OnExported } from "./export-queue.ts";

/** Implements MessageSink; `done` is called once. */
export class ExportAnswer implements MessageSink {
  private readonly isGrpc: boolean;
  private readonly done: OnExported;
  private readonly more: () => void;
  private readonly frames: GrpcFrames = new GrpcFrames((message) => {
    this.body = message;
  });
  private status = 0;
  /** An Export…ServiceResponse, as far as it came. */
  private body: Uint8Array = NOTHING;
  private isOver = false;

  /** `more`: the request may be written on. */
  constructor(isGrpc: boolean, done: OnExported, more: () => void = () => {}) {
    this.isGrpc = isGrpc;
    this.done = done;
    this.more = more;
  }

  onHead(head: HeaderList, end: boolean): void {
    this.status = head.status;
    if (this.isGrpc && head.has(H.GRPC_STATUS)) this.judgeGrpc(head);
    else if (end) this.judgeHttp();
    releaseHeaderList(head);
  }

  onInterim(head: HeaderList): void {
    releaseHeaderList(head);
  }

  onData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    if (this.isGrpc) this.frames.receive(bytes, start, end);
    else if (this.body.length + end - start <= BODY_BYTES_MAX)
      this.body = Buffer.concat([this.body, bytes.subarray(start, end)]);
    if (last) this.judgeHttp();
  }

  onTrailers(trailers: HeaderList): void {
    if (this.isGrpc) this.judgeGrpc(trailers);
    else this.judgeHttp();
    releaseHeaderList(trailers);
  }

  onFault(fault: ProtocolFault): void {
    this.finish("unanswered", fault.details === "" ? fault.kind : fault.details);
  }

  onWritable(): void {
    this.more();
  }

  private judgeGrpc(list: HeaderList): void {
    const code = list.value(H.GRPC_STATUS) ?? "";
    if (code === "0") this.taken();
    else if (code === "") this.judgeHttp();
    else
      this.finish(
        GRPC_AGAIN.has(code) ? "again" : "refused",
        `gRPC status ${code} ${list.value(H.GRPC_MESSAGE) ?? ""}`,
      );
  }

  /** Of a gRPC call it is no success when only its HTTP status is there. */
  private judgeHttp(): void {
    const { isGrpc, status } = this;
    if (!isGrpc && status >= 200 && status < 300) this.taken();
    else
      this.finish(
        HTTP_AGAIN.has(status) ? "again" : "refused",
        `HTTP ${status}${isGrpc ? " without a grpc-status" : ""}`,
      );
  }

  private taken(): void {
    const { count, text } = readRejected(this.body);
    this.finish("taken", text === "" ? "the collector rejected some" : text, count);
  }

  private finish(result: ExportResult, text: string, rejected = 0): void {
    if (this.isOver) return;
    this.isOver = true;
    this.done(result, text, rejected);
  }
}

/** `partial_success`, the same in the answers to spans, metrics and logs. What cannot be read says nothing. */
function readRejected(body: Uint8Array): { readonly count: number; readonly text: string } {
  const nothing = { count: 0, text: "" };
  try {
    const partial = fieldsOf(body).get(1);
    if (!(partial instanceof Uint8Array)) return nothing;
    const fields = fieldsOf(partial);
    const [count, text] = [fields.get(1), fields.get(2)];
    return {
      count: typeof count === "number" ? Math.max(0, count) : 0,
      text: text instanceof Uint8Array ? Buffer.from(text).toString("utf8") : "",
    };
  } catch {
    return nothing;
  }
}

function fieldsOf(bytes: Uint8Array): Map<number, Uint8Array | number> {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, Uint8Array | number>();
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (type === WireType.LengthDelimited) fields.set(field, reader.bytes());
    else if (type === WireType.Varint) fields.set(field, Number(reader.int64()));
    else reader.skip(type, field);
  }
  return fields;
}

const HTTP_AGAIN: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const GRPC_AGAIN: ReadonlySet<string> = new Set(["1", "4", "8", "10", "11", "14", "15"]);
const NOTHING: Uint8Array = new Uint8Array(0);
const BODY_BYTES_MAX = 65_536;
