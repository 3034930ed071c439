// HealthCheck.HttpHealthCheck to HttpCheckPlan. Called by health-check.ts.

import { wireText } from "../../base/wire-text.ts";
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, count, flag, text, texts } from "../load/fields.ts";
import type { HttpCheckPlan, StatusRangePlan } from "../plan/health-check.ts";
import type { CompileContext } from "./context.ts";
import { compileCheckHeaders } from "./health-check-headers.ts";
import { compilePayload, compilePayloads } from "./health-check-payload.ts";
import { compileStringMatcher } from "./match.ts";

/** Compiles an HTTP check. */
export function compileHttpCheck(context: CompileContext, http: CheckedMessage): HttpCheckPlan {
  const codec = codecOf(context, http);
  const expected = statusRanges(context, http, "expected_statuses", "expected");
  const matcher = child(http, "service_name_matcher");
  return {
    kind: "http",
    host: wireText(text(http, "host") ?? ""),
    path: pathOf(context, http),
    method: methodOf(http),
    codec,
    usesAlpn: flag(http, "use_alpn_protocol") ?? false,
    send: sendOf(context, http),
    ...receiveOf(context, http),
    headersToAdd: compileCheckHeaders(context, http, "request_headers_to_add", codec),
    headersToRemove: removedHeaders(context, http),
    expectedStatuses: expected.length === 0 ? [{ start: 200, end: 201 }] : expected,
    retriableStatuses: statusRanges(context, http, "retriable_statuses", "retriable"),
    serviceName: matcher === undefined ? null : compileStringMatcher(context, matcher),
  };
}

function codecOf(context: CompileContext, http: CheckedMessage): HttpCheckPlan["codec"] {
  const type = text(http, "codec_client_type") ?? "HTTP1";
  if (type === "HTTP3") context.refuse(http, "codec_client_type", "HTTP/3 health checks", "use HTTP1 or HTTP2");
  return type === "HTTP2" ? "http2" : "http1";
}

function pathOf(context: CompileContext, http: CheckedMessage): string {
  const path = text(http, "path") ?? "";
  if (BLANK.test(path)) context.refuse(http, "path", "a path with blanks", "write them as %20");
  else if (!path.startsWith("/")) {
    context.warn(http, "path", `path '${path}' does not begin with '/': it is sent so, and servers may answer 400`);
  }
  return wireText(path);
}

function methodOf(http: CheckedMessage): string {
  const method = text(http, "method") ?? "METHOD_UNSPECIFIED";
  return method === "METHOD_UNSPECIFIED" ? "GET" : method;
}

function sendOf(context: CompileContext, http: CheckedMessage): Uint8Array {
  const payload = child(http, "send");
  if (payload === undefined) return new Uint8Array();
  const method = methodOf(http);
  if (!WITH_BODY.has(method)) {
    const says = `HTTP health check cannot specify a request payload with method '${method}'.`;
    const only = `Only methods that support a request body (${[...WITH_BODY].join(", ")}) can be used with payload.`;
    context.error(http, "send", `${says} ${only}`);
  }
  return compilePayload(context, payload);
}

function receiveOf(context: CompileContext, http: CheckedMessage): Pick<HttpCheckPlan, "receive" | "responseBytesMax"> {
  const receive = compilePayloads(context, http, "receive");
  const size = count(http, "response_buffer_size") ?? 1_024;
  const wanted = receive.reduce((sum, { length }) => sum + length, 0);
  if (size !== 0 && wanted > size) {
    const says = `The expected response length '${wanted}' is over than http health response buffer size '${size}'`;
    context.error(http, "receive", says);
  }
  return { receive, responseBytesMax: size === 0 ? Number.POSITIVE_INFINITY : size };
}

function removedHeaders(context: CompileContext, http: CheckedMessage): string[] {
  return texts(http, "request_headers_to_remove").map((name) => {
    const lower = name.toLowerCase();
    if (lower.startsWith(":") || lower === "host") {
      context.error(http, "request_headers_to_remove", ":-prefixed or host headers may not be removed");
    }
    return wireText(lower);
  });
}

function statusRanges(
  context: CompileContext,
  http: CheckedMessage,
  field: string,
  what: "expected" | "retriable",
): StatusRangePlan[] {
  return children(http, field).map((range) => {
    const start = count(range, "start") ?? 0;
    const given = count(range, "end") ?? 0;
    const end = given === start && start >= STATUS_MIN && start < STATUS_END ? start + 1 : given;
    const invalid = `Invalid http ${what} status range: expecting`;
    const order = `${invalid} start < end, but found start=${start} and end=${given}`;
    if (end !== given) {
      const says = `the range ${start} to ${given} holds no status, because its end is exclusive; taken as ${start} alone`;
      context.deviation(range, "end", order, `${says}; write end: ${end}`);
    } else if (start >= end) context.error(range, "", order);
    else if (start < STATUS_MIN) {
      context.error(range, "start", `${invalid} start >= ${STATUS_MIN}, but found start=${start}`);
    } else if (end > STATUS_END) {
      context.error(range, "end", `${invalid} end <= ${STATUS_END}, but found end=${end}`);
    }
    return { start, end };
  });
}

const WITH_BODY: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH", "OPTIONS"]);
const STATUS_MIN = 100;
const STATUS_END = 600;
const BLANK = /[\0-\x20\x7f]/;
