// Whether a text can be read as YAML: values of the runtime must be. Asked by /runtime_modify and by runtime layers on a disk.
import { parseDocument } from "yaml";

/** Whether the text is a YAML document, be it a word alone. */
export function isYaml(text: string): boolean {
  if (/^[\w .+-]*$/.test(text)) return true;
  return parseDocument(text, { strict: false, uniqueKeys: false, logLevel: "silent" }).errors.length === 0;
}
