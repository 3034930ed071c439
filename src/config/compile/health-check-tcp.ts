// HealthCheck.TcpHealthCheck to TcpCheckPlan. Called by health-check.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { child } from "../load/fields.ts";
import type { TcpCheckPlan } from "../plan/health-check.ts";
import type { CompileContext } from "./context.ts";
import { compilePayload, compilePayloads } from "./health-check-payload.ts";

/** Compiles a TCP check. */
export function compileTcpCheck(context: CompileContext, tcp: CheckedMessage): TcpCheckPlan {
  if (tcp.fields["proxy_protocol_config"] !== undefined) {
    const instead = "check a port that wants no PROXY header (alt_port)";
    context.refuse(tcp, "proxy_protocol_config", "a PROXY header before health checks", instead);
  }
  const send = child(tcp, "send");
  return {
    kind: "tcp",
    send: send === undefined ? new Uint8Array() : compilePayload(context, send),
    receive: compilePayloads(context, tcp, "receive"),
  };
}
