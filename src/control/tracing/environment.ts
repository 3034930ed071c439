// The OTEL_* variables (OpenTelemetry's environment variable specification) that the export of spans honours.

/** What the environment says. */
export interface TraceEnvironment {
  readonly isDisabled: boolean;
  /** Empty: nothing. */
  readonly serviceName: string;
  readonly resource: ReadonlyMap<string, string>;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly queueSpansMax: number;
  readonly batchSpansMax: number;
  readonly delayMs: number;
}

/** Reads them. What is no proper value counts for nothing. */
export function traceEnvironment(variable: (name: string) => string | undefined): TraceEnvironment {
  const resource = pairs(variable("OTEL_RESOURCE_ATTRIBUTES"));
  const queueSpansMax = whole(variable("OTEL_BSP_MAX_QUEUE_SIZE"), 32_768);
  return {
    isDisabled: variable("OTEL_SDK_DISABLED")?.toLowerCase() === "true",
    serviceName: variable("OTEL_SERVICE_NAME") || resource.get("service.name") || "",
    resource,
    headers: [...pairs(variable("OTEL_EXPORTER_OTLP_TRACES_HEADERS") ?? variable("OTEL_EXPORTER_OTLP_HEADERS"))].map(
      ([name, value]) => ({ name: name.toLowerCase(), value }),
    ),
    queueSpansMax,
    batchSpansMax: Math.min(queueSpansMax, whole(variable("OTEL_BSP_MAX_EXPORT_BATCH_SIZE"), 2_048)),
    delayMs: whole(variable("OTEL_BSP_SCHEDULE_DELAY"), 1_000),
  };
}

/** `a=1,b=two%20words`, as W3C Baggage writes it. */
function pairs(text: string | undefined): Map<string, string> {
  const found = new Map<string, string>();
  for (const pair of (text ?? "").split(",")) {
    const at = pair.indexOf("=");
    const name = pair.slice(0, Math.max(at, 0)).trim();
    if (name !== "") found.set(name, decoded(pair.slice(at + 1).trim()));
  }
  return found;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function whole(text: string | undefined, otherwise: number): number {
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : otherwise;
}
