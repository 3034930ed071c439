// Freezes a plan, so that no reader can change what others read. Called once per plan.

/** Freezes plain objects and arrays all the way down. Bytes (typed arrays) cannot be frozen and stay as they are. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
