// Whether a message of ours may leave: one rule for every bus, so that what passes in simulation passes on NATS.
import { type BusHeaders, HEADER_BYTES_MAX, PAYLOAD_BYTES_MAX } from "./bus.ts";
import { isPublishSubject } from "./subject.ts";

/** Null: it may. */
export function checkMessage(
  subject: string,
  payload: Uint8Array,
  headers: BusHeaders,
): "bad-subject" | "bad-headers" | "too-large" | null {
  if (!isPublishSubject(subject)) return "bad-subject";
  if (payload.length > PAYLOAD_BYTES_MAX) return "too-large";
  let bytes = 0;
  for (const [name, value] of headers) {
    if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(value)) return "bad-headers";
    bytes += name.length + value.length + 4;
  }
  return bytes > HEADER_BYTES_MAX ? "too-large" : null;
}

/** Visible ASCII without a colon. */
const HEADER_NAME = /^[!-9;-~]+$/;

/** Printable ASCII without blanks at its ends, which clients cut off. */
const HEADER_VALUE = /^(?:[!-~](?:[ -~]*[!-~])?)?$/;
