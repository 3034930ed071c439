// What a flag or a variable says in place of the file. Collected by the command line, obeyed by compile/.

/** One such text. */
export interface Override {
  readonly text: string;
  /** Where it was given, for complaints: `--mesh-name` or `STARLING_MESH_NAME`. */
  readonly source: string;
}

/** By flag name without its dashes. Nothing that was not given, and no empty text, is in it. */
export type Overrides = ReadonlyMap<string, Override>;
