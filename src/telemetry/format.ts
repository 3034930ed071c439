// Texts with %OPERATORS% (access logs, headers to add, body formats): parsed when compiled, put together here.
import type { FormatPartPlan } from "../config/plan/access-log.ts";

/** Answers one operator: `REQ` with ["x-id"], `PROTOCOL` with []; undefined when it has no value. */
export interface FormatSource {
  operator(name: string, args: readonly string[]): string | undefined;
}

/** Puts the parts together. `missing` stands for an operator without a value: "-" in access logs, "" in headers. */
export function formatText(parts: readonly FormatPartPlan[], source: FormatSource, missing: string): string {
  let text = "";
  for (const part of parts) {
    if (part.kind === "literal") {
      text += part.text;
      continue;
    }
    const value = source.operator(part.name, part.args);
    text += value === undefined || (value === "" && !mayBeEmpty(part.name)) ? missing : value.slice(0, part.lengthMax);
  }
  return text;
}

/** Whether an empty text of this operator is a value: the query has the parameter, the answer a body. */
export function mayBeEmpty(operator: string): boolean {
  return operator === "QUERY_PARAM" || operator === "LOCAL_REPLY_BODY";
}
