// `starling validate --upgrade FILE`: a file of Envoy's v1 API as v3, on standard output; what is to be said of it beside it.
import { readFileSync } from "node:fs";
import { systemText } from "../../base/system-text.ts";
import { loadPlan } from "../../config/compile/load-plan.ts";
import { formatDiagnostic } from "../../config/load/format-diagnostic.ts";
import { upgradeV1 } from "../../config/upgrade/upgrade-v1.ts";

/** Prints what could be mapped; answers with the exit code: 0 when that is all of it and valid, 1 not. */
export function upgrade(path: string): 0 | 1 {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    process.stderr.write(`${path}: cannot be read: ${systemText(error)}\n`);
    return 1;
  }
  const { yaml, errors, warnings } = upgradeV1(text, path);
  const made = yaml === null ? [] : loadPlan({ text: yaml, file: "the v3 file" }).errors;
  for (const warning of warnings) process.stderr.write(`warning: ${formatDiagnostic(warning)}\n`);
  for (const error of [...errors, ...made]) process.stderr.write(`${formatDiagnostic(error)}\n`);
  if (yaml !== null) process.stdout.write(yaml);
  return errors.length + made.length === 0 ? 0 : 1;
}
