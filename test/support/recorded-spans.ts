// What otlp-recorder.mjs wrote: spans of OTLP requests in protobuf and in JSON, as far as a tree needs them.
import { readSpans } from "./otlp-sink.ts";

/** One span. */
export interface RecordedSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: a root. */
  readonly parentId: string;
  readonly name: string;
}

/** The spans of a recorder's output. */
export function recordedSpans(output: string): readonly RecordedSpan[] {
  return output.split("\n").flatMap((line) => {
    const [kind = "", text = ""] = line.split(" ");
    const body = Buffer.from(text, "base64");
    if (kind === "json") return spansOfJson(JSON.parse(body.toString()) as JsonRequest);
    return kind === "" ? [] : readSpans(body);
  });
}

interface JsonRequest {
  readonly resourceSpans: readonly {
    readonly resource: {
      readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[];
    };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<RecordedSpan, "service" | "parentId"> & { readonly parentSpanId: string })[];
    }[];
  }[];
}

function spansOfJson({ resourceSpans }: JsonRequest): RecordedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = resource.attributes.find(({ key }) => key === "service.name")?.value.stringValue ?? "";
    return scopeSpans.flatMap(({ spans }) =>
      spans.map(({ traceId, spanId, parentSpanId, name }) => ({
        service,
        traceId,
        spanId,
        parentId: parentSpanId,
        name,
      })),
    );
  });
}
