// Where Starling answers otherwise than Envoy 1.40, on purpose. What differs and does not stand here fails the comparison, and so does
// what stands here and does not differ.

/** One deliberate difference. */
export interface Deviation {
  /** Name of the case in edge-cases.ts. */
  readonly case: string;
  readonly theirs: string;
  readonly ours: string;
  readonly why: string;
  /** Field of the file, or flag, that brings theirs back; empty: none does. */
  readonly restoredBy: string;
}

/** All of them. */
export const DEVIATIONS: readonly Deviation[] = [];
