// Headers that a file adds to probes. Called for HTTP and gRPC checks. A probe has no request, so all values are known here.
import type { CheckedMessage } from "../load/checked.ts";
import { children } from "../load/fields.ts";
import type { HeaderToAddPlan, HttpCheckPlan } from "../plan/health-check.ts";
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
    const instead = NOT_SENT.get(added.name);
    if (instead !== undefined) {
      context.warn(options[index] ?? check, "header", `'${added.name}' is not sent in health checks: ${instead}`);
      return [];
    }
    return whole === "" && !added.keepEmpty ? [] : [{ name: added.name, value: whole, action: added.action }];
  });
}

/** Fields of the connection and of the body's framing (RFC 9110 §7.6.1 and §8.6), and where they come from. */
const NOT_SENT: ReadonlyMap<string, string> = new Map([
  ["connection", "reuse_connection: false ends the connection after each check"],
  ["keep-alive", "reuse_connection: true keeps the connection"],
  ["proxy-connection", "reuse_connection says what becomes of the connection"],
  ["transfer-encoding", "a payload is sent with its length"],
  ["content-length", "it is the length of the payload"],
  ["upgrade", "checks ask for no other protocol"],
]);
