// Durations and sizes with Envoy's conventions for "none". Called wherever a timeout is compiled.
import type { CheckedMessage } from "../load/checked.ts";
import { millis } from "../load/fields.ts";

/** A duration in milliseconds where 0 means none (Infinity), as most of Envoy's timeouts. */
export function timeoutMs(message: CheckedMessage, field: string, absentMs: number): number {
  const value = millis(message, field);
  return value === undefined ? absentMs : value === 0 ? Number.POSITIVE_INFINITY : value;
}
