// What becomes of x-forwarded-client-cert, from the fields of the connection manager. Called by http-connection-manager.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { acknowledge, child, flag, has, text } from "../load/fields.ts";
import type { CertificateDetail, ClientCertificatePlan } from "../plan/listener.ts";
import type { CompileContext } from "./context.ts";

/** Compiles forward_client_cert_details and set_current_client_cert_details. */
export function compileClientCertificate(context: CompileContext, manager: CheckedMessage): ClientCertificatePlan {
  if (has(manager, "forward_client_cert_matcher")) {
    const instead = "use forward_client_cert_details, and a filter chain for each kind of client";
    context.refuse(manager, "forward_client_cert_matcher", "forward_client_cert_matcher", instead);
  }
  const mode = MODES[text(manager, "forward_client_cert_details") ?? ""] ?? "sanitize";
  const settings = child(manager, "set_current_client_cert_details");
  if (settings === undefined) return { mode, details: [] };
  const details = DETAILS.filter((detail) => flag(settings, detail) === true);
  if ((text(settings, "format") ?? "TEXT") !== "TEXT") {
    context.refuse(settings, "format", "x-forwarded-client-cert as JSON", "leave it out: the text form is written");
  }
  if (mode === "append_forward" || mode === "sanitize_set") return { mode, details };
  acknowledge(manager, "set_current_client_cert_details");
  return { mode, details: [] };
}

/** In the order in which Envoy writes them. */
const DETAILS: readonly CertificateDetail[] = ["cert", "chain", "subject", "uri", "dns", "issuer"];

const MODES: Readonly<Record<string, ClientCertificatePlan["mode"]>> = {
  SANITIZE: "sanitize",
  FORWARD_ONLY: "forward_only",
  APPEND_FORWARD: "append_forward",
  SANITIZE_SET: "sanitize_set",
  ALWAYS_FORWARD_ONLY: "always_forward_only",
};
