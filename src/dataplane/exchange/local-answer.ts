// The head and body of an answer that the proxy gives by itself, in Envoy's order: what the route and the filter add, what
// local_reply_config says, then the form that the client reads (plain or gRPC). Called by the response side, which sends it.
import { acquireHeaderList, type HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import type { Exchange } from "./exchange.ts";
import { FILTER_DETAILS, fillGrpcHead, fillReplyHead, type LocalReply, replyBytes } from "./local-reply.ts";
import { TEXT_PLAIN } from "./local-reply-rules.ts";

/** An answer ready to be sent; the head belongs to who asked. */
export interface LocalAnswer {
  readonly head: HeaderList;
  /** Empty: the head is all of it. */
  readonly body: Uint8Array;
}

/** Makes an answer. `location`: of a redirect, empty for none; `change` adds to the head. */
export function localAnswer(
  exchange: Exchange,
  answer: LocalReply,
  location: string,
  change: ((head: HeaderList) => void) | undefined,
): LocalAnswer {
  const head = acquireHeaderList();
  head.status = answer.status;
  if (location !== "") head.addText(H.LOCATION, location);
  exchange.router.decorateLocal(head, answer);
  change?.(head);
  const rules = exchange.manager.localReplies;
  const given = replyBytes(answer);
  if (rules === null || FILTER_DETAILS.has(answer.details))
    return formed(exchange, answer, head, given, TEXT_PLAIN, false);
  const type = head.value(H.CONTENT_TYPE);
  const { body, contentType } = rules.rewrite(exchange, head, given);
  // A type that the mapper gave stays; one that others gave is not that of a body which was changed since.
  const isStale = type === head.value(H.CONTENT_TYPE) && Buffer.compare(body, given) !== 0;
  return formed(exchange, answer, head, body, contentType, isStale);
}

/** The answer in the form that the client reads. `isStale`: the type in the head is not the body's. */
function formed(
  exchange: Exchange,
  answer: LocalReply,
  head: HeaderList,
  given: Uint8Array,
  contentType: string,
  isStale: boolean,
): LocalAnswer {
  const body = head.status === 204 || head.status === 304 ? NO_BODY : given;
  const isHead = exchange.request?.value(H.PSEUDO_METHOD) === "HEAD";
  if (exchange.isGrpc) {
    fillGrpcHead(head, answer.grpcStatus, isHead ? NO_BODY : body, contentType);
    return { head, body: NO_BODY };
  }
  fillReplyHead(head, body.length, contentType, isStale);
  return { head, body: isHead ? NO_BODY : body };
}

const NO_BODY: Uint8Array = new Uint8Array(0);
