// What the answer to a gRPC check means: Envoy's rules. Whatever the server says but "OK, SERVING" is a refusal, its mistakes included.
// Used by codec-talk.ts, one per connection.
import type { HeaderList } from "../../../protocol/header-list.ts";
import { H } from "../../../protocol/header-names.ts";
import type { ProbeOutcome } from "../probe.ts";
import type { AnswerJudge } from "./codec-talk.ts";
import { readCheckResponse, SERVING, servingStatusName } from "./grpc-message.ts";
import { GRPC_ANSWER_BYTES_MAX } from "./limits.ts";
import { refused, SUCCESS } from "./outcomes.ts";
import { plain } from "./reasons.ts";

/** Judges the answers that come over one connection, one at a time. */
export class GrpcJudge implements AnswerJudge {
  readonly bodyBytesMax: number = GRPC_ANSWER_BYTES_MAX;
  private body: Buffer = NOTHING;
  /** grpc-status of the head or the trailers; -1: none. */
  private status = -1;
  private message = "";
  /** Why the head alone says no. */
  private wrong = "";

  begin(): void {
    this.body = NOTHING;
    this.status = -1;
    this.message = "";
    this.wrong = "";
  }

  onHead(head: HeaderList, end: boolean): boolean {
    if (end) this.readStatus(head);
    if (this.status >= 0) return false;
    const type = head.value(H.CONTENT_TYPE) ?? "";
    if (head.status !== 200) this.wrong = `HTTP ${head.status}`;
    else if (!isGrpc(type)) this.wrong = `not gRPC: content-type ${JSON.stringify(type)}`;
    return this.wrong !== "";
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.body = Buffer.concat([this.body, bytes.subarray(start, end)]);
  }

  onTrailers(trailers: HeaderList): void {
    this.readStatus(trailers);
  }

  verdict(): ProbeOutcome {
    if (this.wrong !== "") return refused(plain(this.wrong));
    if (this.status < 0) return refused("no grpc-status");
    if (this.status !== 0) {
      const words = this.message === "" ? "" : `: ${this.message}`;
      return refused(plain(`gRPC status ${this.status}${words}`));
    }
    const response = readCheckResponse(this.body);
    if (response.kind === "wrong") return refused(response.what);
    return response.status === SERVING ? SUCCESS : refused(servingStatusName(response.status));
  }

  private readStatus(list: HeaderList): void {
    const text = list.value(H.GRPC_STATUS);
    if (text === undefined) return;
    this.status = DIGITS.test(text) ? Number(text) : UNKNOWN_STATUS;
    this.message = list.value(H.GRPC_MESSAGE) ?? "";
  }
}

function isGrpc(type: string): boolean {
  return type === "application/grpc" || type.startsWith("application/grpc+") || type.startsWith("application/grpc;");
}

const NOTHING = Buffer.alloc(0);
const DIGITS = /^\d{1,9}$/;
const UNKNOWN_STATUS = 2;
