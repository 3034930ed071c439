// Zipkin's B3: read from one field or several and told the upstream in the same form, as Envoy's Zipkin tracer does it; with W3C Trace Context
// beside it where the tracer's trace_context_option asks for that.
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { parentIdText, type SpanIds, spanIdText, traceIdText } from "../../telemetry/span-ids.ts";
import type { FoundContext, Propagation } from "./propagation.ts";
import { TraceContext } from "./trace-context.ts";

/** As Zipkin's tracer does it. */
export class B3 implements Propagation {
  /** Null: without W3C Trace Context. */
  private readonly w3c: TraceContext | null;

  constructor(withTraceContext: boolean) {
    this.w3c = withTraceContext ? new TraceContext() : null;
  }

  read(head: HeaderList, found: FoundContext): void {
    const single = head.valueByName("b3");
    if (single !== undefined) readSingle(single, found);
    else readSeveral(head, found);
    if (found.kind === "none" && found.isSampled === null && this.w3c !== null) this.w3c.read(head, found);
  }

  write(head: HeaderList, ids: SpanIds, isSampled: boolean): void {
    const traceId = traceIdText(ids, true);
    const spanId = spanIdText(ids);
    const parentId = parentIdText(ids);
    const flag = isSampled ? "1" : "0";
    if (head.findName("b3") >= 0)
      head.set("b3", `${traceId}-${spanId}-${flag}${parentId === "" ? "" : `-${parentId}`}`);
    else {
      head.setText(H.X_B3_TRACEID, traceId);
      head.setText(H.X_B3_SPANID, spanId);
      if (parentId !== "") head.set("x-b3-parentspanid", parentId);
      head.setText(H.X_B3_SAMPLED, flag);
    }
    this.w3c?.write(head, ids, isSampled);
  }
}

/** `TRACE-SPAN`, `TRACE-SPAN-FLAG`, `TRACE-SPAN-FLAG-PARENT`, or only `FLAG`. */
function readSingle(text: string, found: FoundContext): void {
  const [, alone, trace = "", span = "", flag, parent = ""] = SINGLE.exec(text) ?? [];
  if (alone !== undefined) found.isSampled = alone !== "0";
  else if (trace === "") found.kind = "bad";
  else {
    take(found, trace, span, parent);
    if (flag !== undefined) found.isSampled = flag !== "0";
  }
}

function readSeveral(head: HeaderList, found: FoundContext): void {
  const sampled = head.value(H.X_B3_SAMPLED);
  if (sampled !== undefined) found.isSampled = sampled === "1" || sampled === "true";
  const trace = head.value(H.X_B3_TRACEID);
  const span = head.value(H.X_B3_SPANID);
  if (trace === undefined || span === undefined) return;
  const parent = head.valueByName("x-b3-parentspanid") ?? "";
  if (TRACE.test(trace) && SPAN.test(span) && (parent === "" || SPAN.test(parent))) take(found, trace, span, parent);
  else found.kind = "bad";
}

/** Ids of fewer digits are numbers, too. */
function take(found: FoundContext, trace: string, span: string, parent: string): void {
  const [traceA, traceB, traceC, traceD] = words(trace, 32);
  const [spanA, spanB] = words(span, 16);
  const [parentA, parentB] = words(parent, 16);
  Object.assign(found, { kind: "given", traceA, traceB, traceC, traceD, spanA, spanB, parentA, parentB });
}

function words(text: string, digits: number): number[] {
  const padded = text.padStart(digits, "0");
  return Array.from({ length: digits / 8 }, (_, i) => Number.parseInt(padded.slice(8 * i, 8 * i + 8), 16) | 0);
}

const SINGLE = /^(?:([01d])|([0-9a-fA-F]{32}|[0-9a-fA-F]{16})-([0-9a-fA-F]{16})(?:-([01d])(?:-([0-9a-fA-F]{16}))?)?)$/;
const TRACE = /^(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{1,16})$/;
const SPAN = /^[0-9a-fA-F]{1,16}$/;
