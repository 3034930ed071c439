// `--mode validate` and `starling validate`: everything that is wrong with a file, and an exit code.
import { diagnosticsJson, formatDiagnostic } from "../../config/load/format-diagnostic.ts";
import type { ServeOptions } from "../../messages/options.ts";
import { loadConfiguration } from "./load-configuration.ts";

/** Checks the configuration and prints the result as text or JSON; answers with the exit code: 0 valid, 1 not. */
export function validate(options: ServeOptions, form: "text" | "json"): 0 | 1 {
  const result = loadConfiguration(options);
  const errors = result.ok ? [] : result.errors;
  if (form === "json") {
    process.stdout.write(`${JSON.stringify(diagnosticsJson({ errors, warnings: result.warnings }))}\n`);
    return result.ok ? 0 : 1;
  }
  for (const warning of result.warnings) process.stderr.write(`warning: ${formatDiagnostic(warning)}\n`);
  for (const error of errors) process.stderr.write(`${formatDiagnostic(error)}\n`);
  if (!result.ok) {
    process.stdout.write(`${tally(options.configPath, errors.length, result.warnings.length)}\n`);
    return 1;
  }
  process.stdout.write(`configuration '${options.configPath || "--config-yaml"}' OK\n`);
  return 0;
}

/** The last line, as `… OK` is of a file without errors. */
function tally(path: string, errors: number, warnings: number): string {
  const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;
  const found = warnings === 0 ? count(errors, "error") : `${count(errors, "error")}, ${count(warnings, "warning")}`;
  return `configuration '${path || "--config-yaml"}' is refused: ${found}`;
}
