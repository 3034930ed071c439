// The identity of a span as words of 32 bits, signed so that they are small integers to the machine; as hexadecimal digits where somebody
// reads them.

/** Whose it is, which one, and whose child. A trace of 64 bits has zeros in `traceA` and `traceB`. */
export interface SpanIds {
  readonly traceA: number;
  readonly traceB: number;
  readonly traceC: number;
  readonly traceD: number;
  readonly spanA: number;
  readonly spanB: number;
  /** Zeros: it is nobody's child. */
  readonly parentA: number;
  readonly parentB: number;
}

/** 32 digits, or 16 of a trace of 64 bits where `isShort`. */
export function traceIdText(ids: SpanIds, isShort: boolean = false): string {
  const low = hex(ids.traceC) + hex(ids.traceD);
  return isShort && ids.traceA === 0 && ids.traceB === 0 ? low : hex(ids.traceA) + hex(ids.traceB) + low;
}

/** 16 digits. */
export function spanIdText({ spanA, spanB }: SpanIds): string {
  return hex(spanA) + hex(spanB);
}

/** 16 digits; empty: it has no parent. */
export function parentIdText({ parentA, parentB }: SpanIds): string {
  return parentA === 0 && parentB === 0 ? "" : hex(parentA) + hex(parentB);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
