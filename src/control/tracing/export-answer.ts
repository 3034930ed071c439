// The answer to one export: whether the collector took it, by the rules of the OTLP specification. Used by collector-connection.ts.
import type { ProtocolFault } from "../../protocol/fault.ts";
import { type HeaderList, releaseHeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import type { MessageSink } from "../../protocol/message.ts";
import type { ExportResult } from "./span-exporter.ts";

/** How an export ended, with what to say of it. */
export type OnExported = (result: ExportResult, text: string) => void;

/** Implements MessageSink; `done` is called once. */
export class ExportAnswer implements MessageSink {
  private readonly isGrpc: boolean;
  private readonly done: OnExported;
  private status = 0;
  private isOver = false;

  constructor(isGrpc: boolean, done: OnExported) {
    this.isGrpc = isGrpc;
    this.done = done;
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

  /** What a collector says besides is not read: partial success is its own business. */
  onData(_bytes: Uint8Array, _start: number, _end: number, last: boolean): void {
    if (last) this.judgeHttp();
  }

  onTrailers(trailers: HeaderList): void {
    if (this.isGrpc) this.judgeGrpc(trailers);
    else this.judgeHttp();
    releaseHeaderList(trailers);
  }

  onFault(fault: ProtocolFault): void {
    this.finish("again", fault.details === "" ? fault.kind : fault.details);
  }

  onWritable(): void {
    // An export is written in one piece.
  }

  private judgeGrpc(list: HeaderList): void {
    const code = list.value(H.GRPC_STATUS) ?? "";
    if (code === "0") this.finish("taken", "");
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
    if (!isGrpc && status >= 200 && status < 300) this.finish("taken", "");
    else
      this.finish(
        HTTP_AGAIN.has(status) ? "again" : "refused",
        `HTTP ${status}${isGrpc ? " without a grpc-status" : ""}`,
      );
  }

  private finish(result: ExportResult, text: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.done(result, text);
  }
}

const HTTP_AGAIN: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const GRPC_AGAIN: ReadonlySet<string> = new Set(["1", "4", "8", "10", "11", "14", "15"]);
