// A checked message as Envoy's config_dump prints it: proto names, "@type" first, durations as text, bytes as base64.
// Called by the admin pages. The inverse of loading: what it gives loads to the same message again.
import { loadDescriptorSet } from "../schema/descriptor-set.ts";
import type { FieldShape } from "../schema/shape.ts";
import type { CheckedMessage, CheckedValue, JsonValue } from "./checked.ts";

/** How to print. */
export interface ProtoJsonOptions {
  /** Replace fields that hold secrets (udpa.annotations.sensitive) by `[redacted]`, as config_dump does. Default true. */
  readonly redact?: boolean;
}

/** The message as proto3 JSON with snake_case names. Fields at proto3's default value are left out, as Envoy leaves them. */
export function toProtoJson(message: CheckedMessage, options: ProtoJsonOptions = {}): { [name: string]: JsonValue } {
  return messageJson(message, (options.redact ?? true) ? "redact" : "show");
}

/** Milliseconds as protobuf's text: `5s`, `0.250s`; 0, 3, 6 or 9 decimals. */
export function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const nanos = Math.round((ms - seconds * 1000) * 1e6);
  if (nanos === 0) return `${seconds}s`;
  if (nanos >= 1e9) return `${seconds + 1}s`;
  const digits = String(nanos).padStart(9, "0");
  return `${seconds}.${digits.endsWith("000000") ? digits.slice(0, 3) : digits.endsWith("000") ? digits.slice(0, 6) : digits}s`;
}

function messageJson(message: CheckedMessage, mode: Mode): { [name: string]: JsonValue } {
  const shape = loadDescriptorSet().message(message.type);
  const made: { [name: string]: JsonValue } = {};
  for (const field of shape?.fields ?? []) {
    const value = message.fields[field.name];
    if (value === undefined || isDefault(field, value)) continue;
    if (mode === "hide" && (typeof value === "number" || typeof value === "boolean")) continue;
    made[field.name] = fieldJson(field, value, mode);
  }
  return made;
}

function fieldJson(field: FieldShape, value: CheckedValue, mode: Mode): JsonValue {
  if (typeof value === "object" && "kind" in value && value.kind === "map") {
    const entries = Object.entries(value.entries).map(([key, one]) => [key, oneJson(field, one, mode)] as const);
    return Object.fromEntries(entries);
  }
  return Array.isArray(value)
    ? (value as readonly CheckedValue[]).map((one) => oneJson(field, one, mode))
    : oneJson(field, value, mode);
}

function oneJson(field: FieldShape, value: CheckedValue, around: Mode): JsonValue {
  const mode = around === "redact" && field.sensitive === true ? "hide" : around;
  const hidden = mode === "hide";
  if (value instanceof Uint8Array) return hidden ? btoa(redacted) : Buffer.from(value).toString("base64");
  if (typeof value === "string") return hidden ? redacted : enumOr(field, value);
  if (typeof value === "number") return numberJson(field, value);
  if (typeof value === "boolean" || !("kind" in value)) return value as boolean;
  if (value.kind === "json") return value.value;
  if (value.kind === "map") return null;
  return field.typeName === "google.protobuf.Any" ? anyJson(value, mode) : messageJson(value, mode);
}

function anyJson(message: CheckedMessage, mode: Mode): JsonValue {
  const { wrapper } = message;
  if (wrapper !== undefined) {
    return { "@type": typeUrl(wrapper.type), type_url: typeUrl(message.type), value: wrapper.value };
  }
  if (message.type === "google.protobuf.Any") return {};
  if (!message.type.startsWith("google.protobuf.")) {
    return { "@type": typeUrl(message.type), ...messageJson(message, mode) };
  }
  // A well-known type stands in a member called value, as a field of that type would.
  const value = message.fields["value"];
  const field: FieldShape = { name: "value", jsonName: "value", number: 1, type: "message", typeName: message.type };
  return { "@type": typeUrl(message.type), ...(value !== undefined && { value: oneJson(field, value, mode) }) };
}

function numberJson(field: FieldShape, value: number): JsonValue {
  if (field.typeName === "google.protobuf.Duration") return durationText(value);
  const wide = field.type.includes("64") || field.typeName?.endsWith("Int64Value") === true;
  if (wide || !Number.isFinite(value)) return String(value);
  return value;
}

// An enum value that the schema does not name is a number.
function enumOr(field: FieldShape, value: string): JsonValue {
  return field.type === "enum" && /^-?\d+$/.test(value) ? Number(value) : value;
}

function isDefault(field: FieldShape, value: CheckedValue): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (field.type === "message" || field.oneof !== undefined) return false;
  if (typeof value === "object" && "kind" in value)
    return value.kind === "map" && Object.keys(value.entries).length === 0;
  if (field.type === "enum") return loadDescriptorSet().enum(field.typeName ?? "")?.values[String(value)] === 0;
  return value === "" || value === 0 || value === false || (value instanceof Uint8Array && value.length === 0);
}

function typeUrl(type: string): string {
  return `type.googleapis.com/${type}`;
}

// `hide` is below a sensitive field: texts and bytes are replaced there, numbers and bools left out.
type Mode = "show" | "redact" | "hide";

const redacted = "[redacted]";
