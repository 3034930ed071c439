// DownstreamTlsContext and UpstreamTlsContext to plans. Called by filter-chain.ts and cluster.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, count, flag, has, millis, text, texts } from "../load/fields.ts";
import type { CertificatePlan, DownstreamTlsPlan, UpstreamTlsPlan, ValidationPlan } from "../plan/tls.ts";
import { compileCertificate } from "./certificate.ts";
import { cipherList, curveList } from "./ciphers.ts";
import type { CompileContext } from "./context.ts";
import { compileValidation } from "./validation.ts";

/** Full names of the transport sockets that are acted on. */
export const DOWNSTREAM_TLS = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
export const UPSTREAM_TLS = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
export const RAW_BUFFER = "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer";

/** Compiles a listener's TLS. */
export function compileDownstreamTls(context: CompileContext, tls: CheckedMessage): DownstreamTlsPlan {
  const before = context.errors.length;
  const common = commonOf(context, child(tls, "common_tls_context"), "TLSv1.3");
  if (common.certificates.length === 0 && context.errors.length === before) {
    context.error(tls, "", "No TLS certificates found for server context");
  }
  if (text(tls, "ocsp_staple_policy") === "MUST_STAPLE") {
    context.refuse(tls, "ocsp_staple_policy", "OCSP stapling", "use LENIENT_STAPLING or leave it out");
  }
  for (const field of ["session_ticket_keys_sds_secret_config"]) {
    if (has(tls, field)) context.refuse(tls, field, "session ticket keys from a discovery server", "leave them out");
  }
  const lifetime = millis(tls, "session_timeout");
  return {
    ...common,
    requireClientCertificate: flag(tls, "require_client_certificate") === true || asksMore(common.validation),
    sessionTickets: flag(tls, "disable_stateless_session_resumption") !== true,
    sessionTimeoutS: lifetime === undefined ? 7_200 : Math.floor(lifetime / 1_000),
  };
}

/** Compiles a cluster's TLS. */
export function compileUpstreamTls(context: CompileContext, tls: CheckedMessage): UpstreamTlsPlan {
  // Envoy's clients stop at TLS 1.2 unless told otherwise.
  const common = commonOf(context, child(tls, "common_tls_context"), "TLSv1.2");
  if (common.certificates.length > 1) {
    context.error(tls, "common_tls_context", "Multiple TLS certificates are not supported for client contexts");
  }
  if (flag(tls, "auto_sni_san_validation") === true) {
    context.refuse(tls, "auto_sni_san_validation", "auto_sni_san_validation", "use match_typed_subject_alt_names");
  }
  return {
    ...common,
    sni: text(tls, "sni") ?? "",
    autoHostSni: flag(tls, "auto_host_sni") ?? false,
    sessionKeysMax: count(tls, "max_session_keys") ?? 1,
  };
}

/** As in Envoy: who asks for a name or a hash asks for a certificate. */
function asksMore(validation: ValidationPlan | null): boolean {
  if (validation === null || validation.acceptUntrusted) return false;
  const { subjectAltNames, certificateHashes, spkiHashes } = validation;
  return subjectAltNames.length + certificateHashes.length + spkiHashes.length > 0;
}

interface CommonTls {
  readonly certificates: readonly CertificatePlan[];
  readonly versionMin: string;
  readonly versionMax: string;
  readonly ciphers: string;
  readonly curves: string;
  readonly alpn: readonly string[];
  readonly validation: ValidationPlan | null;
}

function commonOf(context: CompileContext, common: CheckedMessage | undefined, versionMax: string): CommonTls {
  if (common === undefined) {
    return { certificates: [], ...paramsOf(context, undefined, versionMax), alpn: [], validation: null };
  }
  refuseDiscovery(context, common);
  const certificates = children(common, "tls_certificates").map((one) => compileCertificate(context, one));
  return {
    certificates: certificates.filter((one): one is CertificatePlan => one !== null),
    ...paramsOf(context, child(common, "tls_params"), versionMax),
    alpn: texts(common, "alpn_protocols").filter((protocol) => protocol !== ""),
    validation: validationOf(context, common),
  };
}

function refuseDiscovery(context: CompileContext, common: CheckedMessage): void {
  for (const [field, instead] of DISCOVERED) {
    if (has(common, field)) context.refuse(common, field, "secrets from a discovery server (SDS)", `use ${instead}`);
  }
  for (const field of ["tls_certificate_provider_instance", "tls_certificate_certificate_provider_instance"]) {
    if (has(common, field)) context.refuse(common, field, "certificate providers", "use tls_certificates");
  }
  if (has(common, "custom_handshaker")) {
    context.refuse(common, "custom_handshaker", "custom TLS handshakers", "leave it out");
  }
}

function validationOf(context: CompileContext, common: CheckedMessage): ValidationPlan | null {
  const validation = child(common, "validation_context");
  return validation === undefined ? null : compileValidation(context, validation);
}

function paramsOf(
  context: CompileContext,
  params: CheckedMessage | undefined,
  versionMaxDefault: string,
): Pick<CommonTls, "versionMin" | "versionMax" | "ciphers" | "curves"> {
  if (params === undefined) return { versionMin: "TLSv1.2", versionMax: versionMaxDefault, ciphers: "", curves: "" };
  const ciphers = cipherList(texts(params, "cipher_suites"));
  if (ciphers.rejected.length > 0) {
    const all = texts(params, "cipher_suites").join(":");
    const says = `Failed to initialize cipher suites ${all}. The following ciphers were rejected when tried individually: ${ciphers.rejected.join(", ")}`;
    context.error(params, "cipher_suites", says);
  }
  if (ciphers.rules.length > 0) {
    const feature = `cipher suite rules (${ciphers.rules.join(", ")})`;
    context.refuse(params, "cipher_suites", feature, "list the suites by name");
  }
  const curves = curveList(texts(params, "ecdh_curves"));
  if (curves.rejected.length > 0) {
    context.error(params, "ecdh_curves", `Failed to initialize ECDH curves ${texts(params, "ecdh_curves").join(":")}`);
  }
  const versionMin = VERSIONS[text(params, "tls_minimum_protocol_version") ?? ""] ?? "TLSv1.2";
  // A minimum above the default maximum means that version: in Envoy such a client has none and every handshake fails.
  const versionMaxAbsent = versionMin > versionMaxDefault ? versionMin : versionMaxDefault;
  const versionMax = VERSIONS[text(params, "tls_maximum_protocol_version") ?? ""] ?? versionMaxAbsent;
  if (versionMin > versionMax) {
    const feature = `TLS from ${versionMin} up to ${versionMax}`;
    context.refuse(params, "tls_minimum_protocol_version", feature, "give a maximum that is not below the minimum");
  }
  return { versionMin, versionMax, ciphers: ciphers.list, curves: curves.list };
}

const VERSIONS: Readonly<Record<string, string>> = {
  TLSv1_0: "TLSv1",
  TLSv1_1: "TLSv1.1",
  TLSv1_2: "TLSv1.2",
  TLSv1_3: "TLSv1.3",
};

const DISCOVERED: readonly (readonly [field: string, instead: string])[] = [
  ["tls_certificate_sds_secret_configs", "tls_certificates"],
  ["validation_context_sds_secret_config", "validation_context"],
  ["combined_validation_context", "validation_context"],
  ["tls_certificate_certificate_provider", "tls_certificates"],
  ["validation_context_certificate_provider", "validation_context"],
  ["validation_context_certificate_provider_instance", "validation_context"],
];
