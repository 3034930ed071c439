// envoy.config.core.v3.DataSource read now, so that a worker opens no file. Called for certificates, bodies and formats.
import { systemText } from "../../base/system-text.ts";
import type { CheckedMessage } from "../load/checked.ts";
import { bytes, oneOf, text } from "../load/fields.ts";
import type { CompileContext } from "./context.ts";

/** What a DataSource gave. */
export interface SourceData {
  readonly bytes: Uint8Array;
  /** For people: the path, `<inline>` or the variable's name. */
  readonly origin: string;
}

/** Reads a DataSource; null after an error was said. */
export function readDataSource(context: CompileContext, source: CheckedMessage): SourceData | null {
  const kind = oneOf(source, ["filename", "inline_bytes", "inline_string", "environment_variable"]);
  switch (kind) {
    case "filename": {
      const path = text(source, "filename") ?? "";
      const read = context.options.readFile(path);
      if (!(read instanceof Error)) return { bytes: read, origin: path };
      context.error(source, "filename", `Invalid path: ${path} (${systemText(read)})`);
      return null;
    }
    case "inline_bytes":
      return { bytes: bytes(source, "inline_bytes") ?? new Uint8Array(), origin: "<inline>" };
    case "inline_string":
      return { bytes: new TextEncoder().encode(text(source, "inline_string")), origin: "<inline>" };
    case "environment_variable": {
      const name = text(source, "environment_variable") ?? "";
      const value = context.options.environment(name);
      if (value !== undefined) return { bytes: new TextEncoder().encode(value), origin: name };
      context.error(source, "environment_variable", `Environment variable doesn't exist: ${name}`);
      return null;
    }
    case undefined:
      context.error(source, "", "Unexpected DataSource::specifier_case(): 0");
      return null;
  }
}

/** As readDataSource, decoded as UTF-8. */
export function readTextSource(context: CompileContext, source: CheckedMessage): string | null {
  const data = readDataSource(context, source);
  return data === null ? null : new TextDecoder().decode(data.bytes);
}
