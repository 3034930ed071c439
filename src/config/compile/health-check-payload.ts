// HealthCheck.Payload to bytes. Called for what HTTP and TCP checks send and look for.
import type { CheckedMessage } from "../load/checked.ts";
import { bytes, children, text } from "../load/fields.ts";
import type { CompileContext } from "./context.ts";

/** `binary` as it is, `text` from hex digits; empty after an error was said. */
export function compilePayload(context: CompileContext, payload: CheckedMessage): Uint8Array {
  const binary = bytes(payload, "binary");
  // A copy: what was decoded may be a view into a larger buffer, which would go to every thread.
  if (binary !== undefined) return Uint8Array.from(binary);
  const hex = text(payload, "text") ?? "";
  if (/^(?:[0-9a-fA-F]{2})*$/.test(hex)) return Uint8Array.from(Buffer.from(hex, "hex"));
  context.error(payload, "text", `invalid hex string '${hex}'`);
  return new Uint8Array();
}

/** A repeated Payload; what is empty is found anywhere and left out. */
export function compilePayloads(context: CompileContext, message: CheckedMessage, field: string): Uint8Array[] {
  return children(message, field)
    .map((payload) => compilePayload(context, payload))
    .filter(({ length }) => length > 0);
}
