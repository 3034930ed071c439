// Fields that are compiled into the plan and that nothing outside config/ reads yet: each is a warning by name until somebody does.
// A test compares the list with the readers there are. Called by compile-plan.ts.
import type { CheckedMessage, CheckedValue, Diagnostic } from "../load/checked.ts";
import { fieldDiagnostic, isMessage } from "../load/fields.ts";

/** One field of the plan without a reader, and the field of Envoy's that it comes from. */
export interface PendingField {
  readonly plan: string;
  readonly type: string;
  readonly field: string;
}

/** All of them. Whoever makes the first reader of a plan field takes its lines out. */
export const PENDING: readonly PendingField[] = [];

/** A warning for every such field that a message or one below it sets. */
export function pendingFields(message: CheckedMessage): readonly Diagnostic[] {
  const found = PENDING.filter(({ type, field }) => message.type === type && message.fields[field] !== undefined).map(
    ({ field }) => fieldDiagnostic(message, field, `${field} of ${message.type} is not acted on yet`),
  );
  return [...found, ...Object.values(message.fields).flatMap(messagesIn).flatMap(pendingFields)];
}

function messagesIn(value: CheckedValue): readonly CheckedMessage[] {
  if (isMessage(value)) return [value];
  return Array.isArray(value) ? (value as readonly CheckedValue[]).flatMap(messagesIn) : [];
}
