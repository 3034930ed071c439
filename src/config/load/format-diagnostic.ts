// How a diagnostic is shown to a person. Called by the command line (text) and by tests; JSON output needs no formatting.
import type { Diagnostic } from "./checked.ts";

/** One line: `file:line:column path: message`; without a path `file:line:column: message`; of a flag or variable `--flag: message`. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, path, message } = diagnostic;
  if (line === 0) return `${file}: ${message}`;
  return path === "" ? `${file}:${line}:${column}: ${message}` : `${file}:${line}:${column} ${path}: ${message}`;
}

/** The object that `validate --json` prints, with the members in the documented order. */
export function diagnosticsJson(result: {
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}): { errors: Diagnostic[]; warnings: Diagnostic[] } {
  return { errors: result.errors.map(ordered), warnings: result.warnings.map(ordered) };
}

function ordered({ file, line, column, path, message }: Diagnostic): Diagnostic {
  return { file, line, column, path, message };
}
