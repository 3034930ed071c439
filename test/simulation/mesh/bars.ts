// The bars of the mesh that virtual time can measure: each row makes worlds, lets something happen, and gives the worst that was seen.
import { DAILY } from "./bars-daily.ts";
import { FAILURES } from "./bars-failures.ts";
import { NODES } from "./bars-nodes.ts";

/** One row. */
export interface Bar {
  readonly scenario: string;
  /** What is measured, with its unit. */
  readonly what: string;
  /** It may not be more. */
  readonly most: number;
  /** The worst over some seeds. */
  measure(): number;
}

/** All rows. */
export const BARS: readonly Bar[] = [...DAILY, ...FAILURES, ...NODES];
