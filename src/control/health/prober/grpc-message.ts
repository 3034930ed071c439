// The two messages of grpc.health.v1.Health/Check on the wire: one text out, one number in. Used by probe-request.ts and grpc-judge.ts.

/** HealthCheckRequest{service} in its gRPC frame. */
export function checkRequest(service: string): Uint8Array {
  const text = Buffer.from(service, "utf8");
  const field = text.length === 0 ? [] : [SERVICE_TAG, ...varint(text.length)];
  const frame = Buffer.alloc(FRAME_HEAD_BYTES + field.length + text.length);
  frame.writeUInt32BE(field.length + text.length, 1);
  frame.set(field, FRAME_HEAD_BYTES);
  frame.set(text, FRAME_HEAD_BYTES + field.length);
  return frame;
}

/** What a response body says. */
export type CheckResponse =
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "wrong"; readonly what: string };

/** Reads the whole body of a response: one frame with HealthCheckResponse{status}; further empty frames do not matter, as for Envoy. */
export function readCheckResponse(body: Buffer): CheckResponse {
  let status = -1;
  let at = 0;
  while (at < body.length) {
    if (body.length - at < FRAME_HEAD_BYTES) return wrong("half a gRPC frame");
    const flags = body[at] as number;
    const size = body.readUInt32BE(at + 1);
    const start = at + FRAME_HEAD_BYTES;
    at = start + size;
    if (flags > 1) return wrong("no gRPC frame");
    if (at > body.length) return wrong("half a gRPC frame");
    if (size === 0) continue;
    if (status >= 0) return wrong("more than one gRPC message");
    if (flags === 1) return wrong("a compressed gRPC message");
    status = readStatus(body.subarray(start, at));
    if (status < 0) return wrong("no grpc.health.v1.HealthCheckResponse");
  }
  return { kind: "status", status: Math.max(status, 0) };
}

/** Names of HealthCheckResponse.ServingStatus. */
export function servingStatusName(status: number): string {
  return STATUS_NAMES[status] ?? `status ${status}`;
}

/** HealthCheckResponse.SERVING. */
export const SERVING = 1;

/** Field 1 of the message, 0 when it is absent, -1 when this is no protobuf message. Unknown fields are skipped. */
function readStatus(message: Buffer): number {
  let status = 0;
  let at = 0;
  while (at < message.length) {
    const tag = readVarint(message, at);
    if (tag === null || tag.value < 8) return -1;
    at = tag.end;
    const wire = tag.value & 7;
    if (wire === 0 || wire === 2) {
      const number = readVarint(message, at);
      if (number === null) return -1;
      at = number.end + (wire === 2 ? number.value : 0);
      if (tag.value === STATUS_TAG) status = number.value;
    } else if (wire === 1 || wire === 5) {
      at += wire === 1 ? 8 : 4;
    } else {
      return -1;
    }
  }
  return at === message.length ? status : -1;
}

function readVarint(bytes: Buffer, start: number): { readonly value: number; readonly end: number } | null {
  let value = 0;
  for (let i = 0; i < VARINT_BYTES_MAX; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) return null;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: start + i + 1 };
  }
  return null;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}

function wrong(what: string): CheckResponse {
  return { kind: "wrong", what };
}

/** Flags and length. */
const FRAME_HEAD_BYTES = 5;
/** Field 1, length-delimited. */
const SERVICE_TAG = 0x0a;
/** Field 1, varint. */
const STATUS_TAG = 0x08;
const VARINT_BYTES_MAX = 10;
const STATUS_NAMES: readonly string[] = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];
