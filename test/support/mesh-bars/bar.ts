// What a bar of the mesh on real processes is: test/scenario/mesh-bars holds one a file, its tests and `npm run bench:mesh` measure them.

/** One number that a bar is about. */
export interface BarFigure {
  /** What it is, with its unit. */
  readonly what: string;
  /** It may not be more; null: it is shown to compare with. */
  readonly most: number | null;
  /** A time: as much as the machine itself was late with a waiting thread is not held against it. */
  readonly isTime?: boolean;
}

/** One bar. */
export interface MeshBar {
  /** Short, for the command line. */
  readonly name: string;
  readonly scenario: string;
  readonly figures: readonly BarFigure[];
  /** Starts processes, lets it happen, and answers one number a figure, in their order. */
  measure(): Promise<readonly number[]>;
}

/** A bar with what was measured. */
export interface MeasuredBar {
  readonly name: string;
  readonly scenario: string;
  /** The longest that the machine let a thread wait that had nothing to do but wake up. */
  readonly machineLateMs: number;
  readonly figures: readonly (BarFigure & { readonly value: number })[];
}

/** Whether a figure is within its bar. */
export function isWithin(
  { machineLateMs }: MeasuredBar,
  { value, most, isTime }: MeasuredBar["figures"][number],
): boolean {
  return most === null || value <= most + (isTime === true ? machineLateMs : 0);
}
