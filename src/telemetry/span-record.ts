// A finished span as one line of text: what listener workers hand over and the telemetry thread exports. Fields stand between NULs, which
// like line ends no field of HTTP can hold; whoever writes other texts cleans them first.

/** One finished span. */
export interface SpanRecord {
  readonly kind: "server" | "client";
  /** 32 and 16 hexadecimal digits. */
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: a root. */
  readonly parentId: string;
  readonly traceState: string;
  readonly name: string;
  /** Since 1970, in microseconds. */
  readonly startUs: number;
  readonly durationUs: number;
  readonly isError: boolean;
  /** Names and values in turn; which are numbers says `NUMERIC_ATTRIBUTES`. */
  readonly attributes: readonly string[];
  readonly events: readonly SpanEvent[];
}

/** Something that happened in a span. */
export interface SpanEvent {
  readonly name: string;
  /** Since the span's start. */
  readonly offsetUs: number;
  readonly attribute: string;
  readonly value: string;
}

/** What a span's line begins with; its attributes follow. */
export type SpanHead = Omit<SpanRecord, "attributes" | "events">;

/** The line, its end included. `attributes`: made by `attributeText`, one after the other; `count`: how many of them. */
export function spanLine(head: SpanHead, attributes: string, count: number, events: readonly SpanEvent[]): string {
  const { kind, traceId, spanId, parentId, traceState, name, startUs, durationUs, isError } = head;
  const ids = `${kind}\0${traceId}\0${spanId}\0${parentId}\0${traceState}\0${name}\0`;
  let line = `${ids}${startUs}\0${durationUs}\0${isError ? "1" : "0"}\0${2 * count}${attributes}`;
  for (const event of events) line += `\0${event.name}\0${event.offsetUs}\0${event.attribute}\0${event.value}`;
  return `${line}\n`;
}

/** An attribute in a line. */
export function attributeText(name: string, value: string | number): string {
  return `\0${name}\0${value}`;
}

/** What a line says. */
export function readSpanLine(line: string): SpanRecord {
  const fields = line.split("\0");
  const text = (at: number): string => fields[at] ?? "";
  const end = HEAD_FIELDS + Number(text(HEAD_FIELDS - 1));
  const events: SpanEvent[] = [];
  for (let at = end; at + 3 < fields.length; at += 4) {
    events.push({ name: text(at), offsetUs: Number(text(at + 1)), attribute: text(at + 2), value: text(at + 3) });
  }
  return {
    kind: text(0) === "client" ? "client" : "server",
    traceId: text(1),
    spanId: text(2),
    parentId: text(3),
    traceState: text(4),
    name: text(5),
    startUs: Number(text(6)),
    durationUs: Number(text(7)),
    isError: text(8) === "1",
    attributes: fields.slice(HEAD_FIELDS, end),
    events,
  };
}

/** A text that may stand in a line. */
export function cleanText(text: string): string {
  return text.replaceAll(/[\0\n]/g, " ");
}

/** Attributes whose values are whole numbers. */
export const NUMERIC_ATTRIBUTES: ReadonlySet<string> = new Set([
  "http.response.status_code",
  "http.request.body.size",
  "http.response.body.size",
  "http.request.resend_count",
  "rpc.grpc.status_code",
]);

const HEAD_FIELDS = 10;
