// W3C Trace Context: traceparent, read and written. What is in tracestate goes on as it came.
import { viewOf } from "../../base/byte-writer.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import type { SpanIds } from "../../telemetry/span-ids.ts";
import { DIGITS, hexWord, putHexWord } from "./hex.ts";
import type { FoundContext, Propagation } from "./propagation.ts";

/** As OpenTelemetry's tracer does it. */
export class TraceContext implements Propagation {
  /** As in Envoy only the length of version 00 is taken. Ids of zeros are none (§3.2.2). */
  read(head: HeaderList, found: FoundContext): void {
    const at = head.find(H.TRACEPARENT);
    if (at < 0) return;
    found.kind = "bad";
    const { bytes } = head;
    const start = head.valueStart(at);
    if (head.valueEnd(at) - start !== TRACEPARENT_BYTES) return;
    const flags = byteAt(bytes, start + 53);
    if (flags < 0 || byteAt(bytes, start) < 0) return;
    if (bytes[start + 2] !== DASH || bytes[start + 35] !== DASH || bytes[start + 52] !== DASH) return;
    const traceA = hexWord(bytes, start + 3);
    const traceB = hexWord(bytes, start + 11);
    const traceC = hexWord(bytes, start + 19);
    const traceD = hexWord(bytes, start + 27);
    const spanA = hexWord(bytes, start + 36);
    const spanB = hexWord(bytes, start + 44);
    if (traceA < 0 || traceB < 0 || traceC < 0 || traceD < 0 || spanA < 0 || spanB < 0) return;
    if ((traceA | traceB | traceC | traceD) === 0 || (spanA | spanB) === 0) return;
    found.kind = "given";
    found.isSampled = (flags & 1) === 1;
    found.traceA = traceA | 0;
    found.traceB = traceB | 0;
    found.traceC = traceC | 0;
    found.traceD = traceD | 0;
    found.spanA = spanA | 0;
    found.spanB = spanB | 0;
  }

  write(head: HeaderList, ids: SpanIds, isSampled: boolean): void {
    const at = head.find(H.TRACEPARENT);
    if (at >= 0) {
      putParent(PARENT_VIEW, 0, ids, isSampled);
      head.setText(H.TRACEPARENT, PARENT.latin1Slice(0, TRACEPARENT_BYTES));
      return;
    }
    head.reserve(TRACEPARENT_BYTES);
    const start = head.used;
    head.bytes.set(PARENT, start);
    putParent(head.view, start, ids, isSampled);
    head.used += TRACEPARENT_BYTES;
    head.addAt(H.TRACEPARENT, 0, 0, start, head.used);
  }
}

/** The ids and the flags, between dashes that are there. */
function putParent(to: DataView, start: number, ids: SpanIds, isSampled: boolean): void {
  putHexWord(to, start + 3, ids.traceA);
  putHexWord(to, start + 11, ids.traceB);
  putHexWord(to, start + 19, ids.traceC);
  putHexWord(to, start + 27, ids.traceD);
  putHexWord(to, start + 36, ids.spanA);
  putHexWord(to, start + 44, ids.spanB);
  to.setUint8(start + 54, isSampled ? ONE : ZERO);
}

/** The number of two digits; negative when they are none. */
function byteAt(bytes: Uint8Array, at: number): number {
  const high = DIGITS[bytes[at] as number] as number;
  const low = DIGITS[bytes[at + 1] as number] as number;
  return high < 0 || low < 0 ? -1 : 16 * high + low;
}

const TRACEPARENT_BYTES = 55;
const PARENT: Buffer = Buffer.from(`00-${"0".repeat(32)}-${"0".repeat(16)}-00`, "latin1");
const PARENT_VIEW: DataView = viewOf(PARENT);
const DASH = 0x2d;
const ZERO = 0x30;
const ONE = 0x31;
