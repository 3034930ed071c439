// Collects everything wrong with one file, so that all of it is reported at once, and knows which leniency is on.
// One per load; passed through the reader and the checks. Never throws and never prints.
import type { Diagnostic, Position } from "./checked.ts";

/** How strict to be. */
export interface Strictness {
  /** Unknown fields and enum values are warnings (`--allow-unknown-static-fields`). Default false. */
  readonly allowUnknownFields: boolean;
  /** `envoy`: refuse and accept exactly what Envoy does where ours is kinder or safer. Default `starling`. */
  readonly compat: "starling" | "envoy";
}

/** The errors and warnings of one file, in the order found. */
export class Complaints {
  /** The file's start, for what concerns the whole of it. */
  readonly start: Position;
  readonly strictness: Strictness;
  readonly errors: Diagnostic[] = [];
  readonly warnings: Diagnostic[] = [];
  #suppressed = 0;

  constructor(file: string, strictness: Strictness) {
    this.start = { file, line: 1, column: 1 };
    this.strictness = strictness;
  }

  /** Something that makes the file unusable. At most 1,000 are kept; the last says how many more there are. */
  error(position: Position, path: string, message: string): void {
    if (this.errors.length < complaintsMax) this.errors.push({ ...position, path, message });
    else this.#suppressed++;
  }

  /** Something the user should know. At most 1,000 are kept. */
  warn(position: Position, path: string, message: string): void {
    if (this.warnings.length < complaintsMax) this.warnings.push({ ...position, path, message });
  }

  /** A field or enum value that the schema does not have. */
  unknown(position: Position, path: string, message: string): void {
    if (this.strictness.allowUnknownFields) this.warn(position, path, `${message}; ignored`);
    else this.error(position, path, message);
  }

  /** Something that Envoy refuses and we understand: a warning, an error with `--compat envoy`. */
  deviation(position: Position, path: string, message: string): void {
    if (this.strictness.compat === "envoy") this.error(position, path, message);
    else this.warn(position, path, message);
  }

  /** Something that we refuse and Envoy does not notice: an error, a warning with `--compat envoy`. */
  stricter(position: Position, path: string, message: string): void {
    if (this.strictness.compat === "envoy") this.warn(position, path, message);
    else this.error(position, path, message);
  }

  /** Errors in the file's order, with a last line when some were not kept. */
  sortedErrors(): readonly Diagnostic[] {
    const sorted = this.errors.toSorted(byPlace);
    if (this.#suppressed === 0) return sorted;
    return [...sorted, { ...this.start, path: "", message: `and ${this.#suppressed} more errors` }];
  }

  /** Warnings in the file's order. */
  sortedWarnings(): readonly Diagnostic[] {
    return this.warnings.toSorted(byPlace);
  }
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  return a.line - b.line || a.column - b.column;
}

/** As many errors and as many warnings one load keeps. */
const complaintsMax = 1000;
