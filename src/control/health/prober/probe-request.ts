// What a probe sends, byte for byte as Envoy's. Made once per authority of a check and shared by its probes.
import type { GrpcCheckPlan, HealthCheckPlan, HttpCheckPlan } from "../../../config/plan/health-check.ts";
import { addFields } from "../../../protocol/added-fields.ts";
import { HeaderList } from "../../../protocol/header-list.ts";
import { H } from "../../../protocol/header-names.ts";
import { JOINED_REQUEST_NAMES } from "../../../protocol/joined-names.ts";
import type { ProbeTarget } from "../probe.ts";
import { checkRequest } from "./grpc-message.ts";

/** One request; nobody changes it. */
export interface ProbeRequest {
  readonly head: HeaderList;
  /** Empty: none. */
  readonly body: Uint8Array;
}

/** The request of an HTTP or gRPC check for this target. */
export function probeRequest(target: ProbeTarget): ProbeRequest {
  const { check, cluster, endpoint } = target;
  const { checker } = check;
  if (checker.kind === "tcp") throw new Error("a TCP check sends no request");
  const named = checker.kind === "http" ? checker.host : checker.authority;
  const authority = endpoint.check.hostname || named || cluster.name;
  const byAuthority = REQUESTS.get(check) ?? new Map<string, ProbeRequest>();
  REQUESTS.set(check, byAuthority);
  const known = byAuthority.get(authority);
  if (known !== undefined) return known;
  const scheme = cluster.tls === null ? "http" : "https";
  const made =
    checker.kind === "http"
      ? httpRequest(checker, scheme, authority)
      : grpcRequest(checker, scheme, authority, check.timeoutMs);
  if (byAuthority.size < SHARED_MAX) byAuthority.set(authority, made);
  return made;
}

function httpRequest(checker: HttpCheckPlan, scheme: string, authority: string): ProbeRequest {
  const head = new HeaderList();
  head.addText(H.PSEUDO_METHOD, checker.method);
  head.addText(H.PSEUDO_SCHEME, scheme);
  head.addText(H.PSEUDO_AUTHORITY, authority);
  head.addText(H.PSEUDO_PATH, checker.path);
  head.addText(H.USER_AGENT, USER_AGENT);
  for (const name of checker.headersToRemove) head.removeName(name);
  addFields(head, checker.headersToAdd, JOINED_REQUEST_NAMES);
  if (checker.send.length > 0) head.setText(H.CONTENT_LENGTH, String(checker.send.length));
  return { head, body: checker.send };
}

function grpcRequest(checker: GrpcCheckPlan, scheme: string, authority: string, timeoutMs: number): ProbeRequest {
  const head = new HeaderList();
  head.addText(H.PSEUDO_METHOD, "POST");
  head.addText(H.PSEUDO_SCHEME, scheme);
  head.addText(H.PSEUDO_AUTHORITY, authority);
  head.addText(H.PSEUDO_PATH, "/grpc.health.v1.Health/Check");
  head.addText(H.TE, "trailers");
  head.addText(H.CONTENT_TYPE, "application/grpc");
  head.addText(H.USER_AGENT, USER_AGENT);
  addFields(head, checker.metadata, JOINED_REQUEST_NAMES);
  head.setText(H.GRPC_TIMEOUT, `${Math.min(timeoutMs, GRPC_TIMEOUT_MAX)}m`);
  return { head, body: checkRequest(checker.serviceName) };
}

/** By check and authority: twenty thousand endpoints of a cluster send the same. */
const REQUESTS: WeakMap<HealthCheckPlan, Map<string, ProbeRequest>> = new WeakMap();

/** Endpoints with a host name of their own beyond this have a request of their own. */
const SHARED_MAX = 64;
/** Eight digits are all that the field takes. */
const GRPC_TIMEOUT_MAX = 99_999_999;
const USER_AGENT = "Envoy/HC";
