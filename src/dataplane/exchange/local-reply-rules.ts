// local_reply_config of one connection manager, made ready: what becomes of the answers that the proxy gives by itself, in Envoy's order.
// Asked by local-answer.ts, once for each such answer; requests that get none never come here.
import { isAscii, unicodeOf, wireText } from "../../base/wire-text.ts";
import type { BodyFormatPlan, LocalReplyPlan, ReplyMapperPlan } from "../../config/plan/local-reply.ts";
import { grpcStatusOfHttp } from "../../protocol/grpc-status.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { JOINED_RESPONSE_NAMES } from "../../protocol/joined-names.ts";
import { type LineSource, lineWriter } from "../../telemetry/access-line.ts";
import { type FilterServices, type LogFilter, logFilter } from "../../telemetry/log-filter.ts";
import { METADATA_OPERATORS } from "../../telemetry/metadata-value.ts";
import { addHeaders } from "../routing/header-changes.ts";
import type { Exchange } from "./exchange.ts";

/** A body and what it is. */
export interface TypedBody {
  readonly body: Uint8Array;
  readonly contentType: string;
}

/** What a local answer's body is unless a format says otherwise. */
export const TEXT_PLAIN = "text/plain";

/** The mappers and formats of one connection manager. */
export class LocalReplyRules {
  private readonly mappers: readonly Mapper[];
  private readonly format: BodyFormat | null;

  constructor(plan: LocalReplyPlan, services: FilterServices) {
    this.mappers = plan.mappers.map((mapper) => ({
      plan: mapper,
      wants: logFilter(mapper.filter, services),
      format: bodyFormat(mapper.bodyFormat),
    }));
    this.format = bodyFormat(plan.bodyFormat);
  }

  /** Changes an answer's head, which has its status already, as the first mapper that wants it says; answers the body to send. */
  rewrite(exchange: Exchange, head: HeaderList, body: Uint8Array): TypedBody {
    const { flags, response } = exchange;
    // Formats and filters ask for the answer as it is until now; Envoy says that the protocol was broken (DPE) only afterwards.
    exchange.logType = "NotSet";
    exchange.flags = flags.replace(BROKEN_PROTOCOL, "");
    response.head = head;
    response.status = 0;
    tellGrpcStatus(exchange, head);
    const mapper = this.mappers.find(({ wants }) => wants(exchange));
    if (mapper !== undefined) {
      addHeaders(mapper.plan.headersToAdd, head, exchange, JOINED_RESPONSE_NAMES);
      if (mapper.plan.status >= 0) head.status = mapper.plan.status;
      tellGrpcStatus(exchange, head);
    }
    const own = mapper?.plan.replyBody ?? body;
    const format = mapper?.format ?? this.format;
    const made = format === null ? { body: own, contentType: TEXT_PLAIN } : format(exchange, own);
    exchange.flags = flags;
    return made;
  }
}

interface Mapper {
  readonly plan: ReplyMapperPlan;
  readonly wants: LogFilter;
  readonly format: BodyFormat | null;
}

type BodyFormat = (exchange: Exchange, body: Uint8Array) => TypedBody;

/** Texts are of one character per byte here, so that a body goes through a format whatever bytes it has. */
function bodyFormat(plan: BodyFormatPlan | null): BodyFormat | null {
  if (plan === null) return null;
  const write = lineWriter(plan);
  const isJson = plan.json !== null;
  const { contentType } = plan;
  return (exchange, body) => {
    const text = write(new ReplySource(exchange, Buffer.from(body).toString("latin1"), isJson));
    return { body: Buffer.from(isJson ? text.replace(MARKED, escaped) : text, "latin1"), contentType };
  };
}

/** A request whose answer is being formatted. */
class ReplySource implements LineSource {
  private readonly exchange: Exchange;
  private readonly body: string;
  private readonly isJson: boolean;

  constructor(exchange: Exchange, body: string, isJson: boolean) {
    this.exchange = exchange;
    this.body = body;
    this.isJson = isJson;
  }

  operator(name: string, args: readonly string[]): string | undefined {
    const value = name === "LOCAL_REPLY_BODY" ? this.body : this.exchange.operator(name, args);
    if (value === undefined || isAscii(value)) return value;
    if (METADATA_OPERATORS.has(name)) return wireText(value);
    // JSON is UTF-8: of a text that is none each byte beyond ASCII is written as an escape, as Envoy does it.
    const isUtf8 = !this.isJson || unicodeOf(value) !== value;
    return isUtf8 ? value : value.replace(BEYOND_ASCII, (byte) => String.fromCharCode(MARK | byte.charCodeAt(0)));
  }

  typed(name: string, args: readonly string[]): unknown {
    const value = this.exchange.typed(name, args);
    return value === undefined ? undefined : JSON.parse(wireText(JSON.stringify(value)));
  }
}

function escaped(mark: string): string {
  return `\\u00${(mark.charCodeAt(0) & 0xff).toString(16)}`;
}

/** What a gRPC client would get without more changes; of others nothing. */
function tellGrpcStatus({ isGrpc, response }: Exchange, head: HeaderList): void {
  if (isGrpc) response.grpcStatus = head.value(H.GRPC_STATUS) ?? String(grpcStatusOfHttp(head.status));
}

const BROKEN_PROTOCOL = /,?DPE$/;
const BEYOND_ASCII = /[\x80-\xff]/g;
/** No byte is beyond 255: there is room for marks. */
const MARK = 0xe000;
const MARKED = /[\ue080-\ue0ff]/g;
