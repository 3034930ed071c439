// The OTEL_* variables (OpenTelemetry's environment variable specification) that the telemetry thread honours. Those that say where to send
// things are read when the configuration is compiled.
import type { OtlpTargetPlan } from "../../config/plan/otlp-target.ts";

/** The value of a variable. */
type Variables = (name: string) => string | undefined;

/** What the environment says. */
export interface TelemetryEnvironment {
  readonly isDisabled: boolean;
  /** Empty: nothing. */
  readonly serviceName: string;
  readonly resource: ReadonlyMap<string, string>;
  /** Sent with each export besides the file's. */
  readonly headers: Readonly<Record<"traces" | "metrics" | "logs", OtlpTargetPlan["headers"]>>;
  readonly spans: QueueEnvironment;
  readonly logs: QueueEnvironment;
}

/** What waits at most, what one export has at most, and how long the first may wait. */
export interface QueueEnvironment {
  readonly queueMax: number;
  readonly batchMax: number;
  readonly delayMs: number;
}

/** Reads them. What is no proper value counts for nothing. */
export function telemetryEnvironment(variable: Variables): TelemetryEnvironment {
  const resource = pairs(variable("OTEL_RESOURCE_ATTRIBUTES"));
  return {
    isDisabled: variable("OTEL_SDK_DISABLED")?.toLowerCase() === "true",
    serviceName: variable("OTEL_SERVICE_NAME") || resource.get("service.name") || "",
    resource,
    headers: {
      traces: headersOf(variable, "TRACES"),
      metrics: headersOf(variable, "METRICS"),
      logs: headersOf(variable, "LOGS"),
    },
    spans: queueOf(variable, "BSP"),
    logs: queueOf(variable, "BLRP"),
  };
}

function headersOf(variable: Variables, signal: string): OtlpTargetPlan["headers"] {
  const text = variable(`OTEL_EXPORTER_OTLP_${signal}_HEADERS`) || variable("OTEL_EXPORTER_OTLP_HEADERS");
  return [...pairs(text)].map(([name, value]) => ({ name: name.toLowerCase(), value }));
}

function queueOf(variable: Variables, processor: "BSP" | "BLRP"): QueueEnvironment {
  const queueMax = whole(variable(`OTEL_${processor}_MAX_QUEUE_SIZE`), 32_768);
  return {
    queueMax,
    batchMax: Math.min(queueMax, whole(variable(`OTEL_${processor}_MAX_EXPORT_BATCH_SIZE`), 2_048)),
    delayMs: whole(variable(`OTEL_${processor}_SCHEDULE_DELAY`), 1_000),
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
