// Decides how a message that is to be written is framed, and which fields the codec adds or leaves out for it (RFC 9112 §6, and Envoy's
// order). Pure; called by both connections.
import type { HeaderList } from "../header-list.ts";
import { H } from "../header-names.ts";
import { declaredLength, Framing } from "./body-writer.ts";
import type { HeadStyle } from "./head-writer.ts";
import type { ServerExchange } from "./server-exchange.ts";

/**
 * Framing of a response that opens no tunnel; sets the style for its head. The style says
 * `connection: close` when the exchange closes, and also when only the end of the connection can end the body (HTTP/1.0).
 */
export function frameResponse(exchange: ServerExchange, list: HeaderList, style: HeadStyle, end: boolean): Framing {
  const status = list.status;
  const bodiless = status < 200 || status === 204 || status === 304;
  const length = declaredLength(list);
  const known = length >= 0;
  const untilClose = !bodiless && !known && exchange.minor === 0 && !(end && !exchange.toHead);
  style.upgrade = false;
  // RFC 9110 §8.6: none with 1xx and 204.
  style.contentLength = status >= 200 && status !== 204 ? length : -1;
  style.connection = exchange.closes || untilClose ? "close" : exchange.minor === 0 ? "keep-alive" : "";
  style.framing = "";
  if (bodiless) return Framing.None;
  if (known) return exchange.toHead ? Framing.None : Framing.Length;
  if (end && !exchange.toHead) {
    style.framing = "content-length: 0";
    return Framing.None;
  }
  if (untilClose) return exchange.toHead ? Framing.None : Framing.Raw;
  // An answer to HEAD says how GET would be framed; like Envoy we guess that it would be chunked.
  style.framing = "transfer-encoding: chunked";
  return exchange.toHead ? Framing.None : Framing.Chunked;
}

/** Framing of a request that asks for no tunnel; sets the style for its head. */
export function frameRequest(list: HeaderList, style: HeadStyle, end: boolean): Framing {
  const length = declaredLength(list);
  style.upgrade = false;
  style.contentLength = length;
  style.connection = "";
  style.framing = "";
  if (length >= 0) return Framing.Length;
  if (!end) {
    style.framing = "transfer-encoding: chunked";
    return Framing.Chunked;
  }
  if (!hasNoBodyByMethod(list)) style.framing = "content-length: 0";
  return Framing.None;
}

/** Whether a list that goes to a client asks for the end of the connection with `connection: close`. */
export function asksClose(list: HeaderList): boolean {
  const at = list.find(H.CONNECTION);
  return at >= 0 && list.valueText(at).toLowerCase().includes("close");
}

/** Methods whose requests have no body unless they say so, and no `content-length: 0` either (as Envoy). */
function hasNoBodyByMethod(list: HeaderList): boolean {
  const at = list.find(H.PSEUDO_METHOD);
  if (at < 0) return false;
  for (const method of NO_BODY_METHODS) if (list.valueIs(at, method)) return true;
  return false;
}

const NO_BODY_METHODS = ["GET", "HEAD", "DELETE", "TRACE", "CONNECT"].map((name) => Buffer.from(name, "latin1"));
