// The endpoints that this node announces: the `announce` list of starling.mesh.v1.Mesh. Called where the extension is compiled.
import { isLoopback } from "../../base/ip-address.ts";
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, count, text } from "../load/fields.ts";
import {
  ANNOUNCED_ENDPOINTS_MAX,
  ANNOUNCED_METADATA_BYTES_MAX,
  ANNOUNCED_NAME_BYTES_MAX,
  ANNOUNCED_SERVICES_MAX,
  type AnnouncedEndpoint,
  type AnnouncementPlan,
  announcedHost,
  LOOPBACK_AFAR,
} from "../plan/announcement.ts";
import type { LocalityPlan } from "../plan/cluster.ts";
import type { NodePlan } from "../plan/plan.ts";
import type { CompileContext } from "./context.ts";
import { compileLocality } from "./endpoint.ts";
import { compileMetadata } from "./metadata.ts";

/**
 * Compiles the list, one entry a service in the file's order. An endpoint without a locality is where its node is. `isLocal`: all who hear
 * of it are on this machine.
 */
export function compileAnnounce(
  context: CompileContext,
  mesh: CheckedMessage,
  { node, isLocal }: { readonly node: NodePlan; readonly isLocal: boolean },
): AnnouncementPlan[] {
  const services = new Map<string, AnnouncedEndpoint[]>();
  for (const message of children(mesh, "announce")) {
    const service = text(message, "service_name") ?? "";
    const endpoint = compileEndpoint(context, message, node);
    const endpoints = services.get(service) ?? [];
    if (!services.has(service)) services.set(service, endpoints);
    if (endpoint === null) continue;
    if (!isLocal && isLoopback(endpoint.host)) context.error(message, "address", LOOPBACK_AFAR);
    const where = `${endpoint.host} port ${endpoint.port}`;
    if (endpoints.some(({ host, port }) => host === endpoint.host && port === endpoint.port)) {
      context.error(message, "", `${where} is announced for ${service} already`);
    }
    endpoints.push(endpoint);
    if (endpoints.length === ANNOUNCED_ENDPOINTS_MAX + 1) {
      context.error(message, "", `a node announces at most ${ANNOUNCED_ENDPOINTS_MAX} endpoints of a service`);
    }
  }
  if (services.size > ANNOUNCED_SERVICES_MAX) {
    context.error(mesh, "announce", `a node announces at most ${ANNOUNCED_SERVICES_MAX} services`);
  }
  return [...services].map(([service, endpoints]) => ({ service, endpoints }));
}

function compileEndpoint(context: CompileContext, message: CheckedMessage, node: NodePlan): AnnouncedEndpoint | null {
  const host = announcedHost(text(message, "address") ?? "");
  if (host instanceof Error) context.error(message, "address", host.message);
  const locality = child(message, "locality");
  const metadata = metadataOf(context, message);
  const where = locality === undefined ? localityOf(node) : compileLocality(locality);
  if (Object.values(where).some((part) => Buffer.byteLength(part) > ANNOUNCED_NAME_BYTES_MAX)) {
    context.error(message, "locality", `a part of a locality has at most ${ANNOUNCED_NAME_BYTES_MAX} bytes`);
  }
  const port = count(message, "port") ?? 0;
  const weight = count(message, "weight") ?? 1;
  return host instanceof Error ? null : { host, port, weight, locality: where, metadata };
}

function localityOf({ region, zone, subZone }: NodePlan): LocalityPlan {
  return { region, zone, subZone };
}

function metadataOf(context: CompileContext, message: CheckedMessage): AnnouncedEndpoint["metadata"] {
  const found = child(message, "metadata");
  const metadata = found === undefined ? {} : compileMetadata(found);
  if (Buffer.byteLength(JSON.stringify(metadata)) > ANNOUNCED_METADATA_BYTES_MAX) {
    context.error(message, "metadata", `the metadata has more than ${ANNOUNCED_METADATA_BYTES_MAX} bytes as JSON`);
  }
  return metadata;
}
