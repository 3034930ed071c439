// Headers that a file adds to probes. Called for HTTP and gRPC checks. A probe has no request, so all values are known here.
import type { CheckedMessage } from "../load/checked.ts";
import { children } from "../load/fields.ts";
import type { HeaderToAddPlan, HttpCheckPlan } from "../plan/health-check.ts";
import type { HeaderAddPlan } from "../plan/route.ts";
import type { CompileContext } from "./context.ts";
import { compileHeaderAdds } from "./header-changes.ts";

/** A repeated HeaderValueOption; one that comes out empty is left out unless keep_empty_value says otherwise, as in Envoy. */
export function compileCheckHeaders(
  context: CompileContext,
  check: CheckedMessage,
  field: string,
  codec: HttpCheckPlan["codec"],
): HeaderToAddPlan[] {
  const options = children(check, field);
  return compileHeaderAdds(context, check, field).flatMap((added, index) => {
    const value = added.value.map((part) => {
      if (part.kind === "literal") return part.text;
      if (part.name === "PROTOCOL") return codec === "http2" ? "HTTP/2" : "HTTP/1.1";
      const instead = "write a fixed value, %PROTOCOL% or %ENVIRONMENT(NAME)%";
      context.refuse(options[index] ?? check, "header", `%${part.name}% in the request of a health check`, instead);
      return "";
    });
    const whole = value.join("");
    if (OF_ONE_HOP.has(added.name)) {
      const instead = "reuse_connection: false ends the connection after each check";
      context.warn(options[index] ?? check, "header", `'${added.name}' is not sent in health checks; ${instead}`);
    }
    return whole === "" && !added.keepEmpty ? [] : [{ name: added.name, value: whole, action: ACTIONS[added.action] }];
  });
}

/** The codec's business (RFC 9110 §7.6.1). */
const OF_ONE_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

const ACTIONS: Readonly<Record<HeaderAddPlan["action"], HeaderToAddPlan["action"]>> = {
  append: "append",
  append_if_absent: "add_if_absent",
  overwrite: "overwrite",
  overwrite_if_exists: "overwrite_if_exists",
};
