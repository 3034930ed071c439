// Formatters of substitution formats (envoy.formatter.*): which operators they bring. Called wherever a format may name them.
import type { CheckedMessage } from "../load/checked.ts";
import { acknowledgeAll, child, children, text } from "../load/fields.ts";
import type { CompileContext } from "./context.ts";

/** Reads the `formatters` of a message. Those whose operators are there anyway need nothing, as in Envoy; others are said. */
export function readFormatters(context: CompileContext, message: CheckedMessage): void {
  for (const formatter of children(message, "formatters")) {
    const name = text(formatter, "name") ?? "";
    const config = child(formatter, "typed_config");
    if (config !== undefined && SERVED.has(config.type)) acknowledgeAll(config);
    else context.warn(formatter, "typed_config", `the formatter '${name}' is not acted on: ${INSTEAD}`);
  }
}

const SERVED: ReadonlySet<string> = new Set([
  "envoy.extensions.formatter.metadata.v3.Metadata",
  "envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery",
]);
const INSTEAD = "envoy.formatter.metadata and envoy.formatter.req_without_query are";
