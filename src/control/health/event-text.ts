// One line of a health check's event log: envoy.data.core.v3.HealthCheckEvent as protobuf's JSON, byte for byte as Envoy 1.40 writes it.
import { isoTime } from "../../base/iso-time.ts";
import type { AddressPlan } from "../../config/plan/address.ts";
import type { EndpointFacts } from "../../config/plan/endpoint-set.ts";
import type { HealthCheckPlan } from "../../config/plan/health-check.ts";

/** HealthCheckFailureType. */
export type FailureType = "ACTIVE" | "PASSIVE" | "NETWORK" | "NETWORK_TIMEOUT";

/** What happened. */
export type HealthEvent =
  | { readonly kind: "eject_unhealthy_event"; readonly failure: FailureType; readonly httpStatus: number }
  | { readonly kind: "add_healthy_event"; readonly isFirst: boolean }
  | {
      readonly kind: "health_check_failure_event";
      readonly failure: FailureType;
      readonly httpStatus: number;
      readonly isFirst: boolean;
    }
  | { readonly kind: "successful_health_check_event" | "degraded_healthy_host" | "no_longer_degraded_host" };

/** Whom it happened to. */
export interface EventSubject {
  readonly cluster: string;
  readonly check: HealthCheckPlan;
  readonly endpoint: EndpointFacts;
}

/** The line without its end. Fields stand in the order of their numbers in the message. */
export function eventText(event: HealthEvent, subject: EventSubject, wallMs: number): string {
  const { check, endpoint, cluster } = subject;
  const { region, zone, subZone } = endpoint.locality;
  const hasMetadata = Object.keys(endpoint.metadata).length > 0;
  return JSON.stringify({
    health_checker_type: check.checker.kind.toUpperCase(),
    host: hostOf(endpoint.address),
    cluster_name: cluster,
    ...(isEarly(event) ? bodyOf(event) : {}),
    timestamp: isoTime(wallMs).replace(".000Z", "Z"),
    ...(isEarly(event) || event.kind === "successful_health_check_event" ? {} : bodyOf(event)),
    ...(hasMetadata ? { metadata: { filter_metadata: endpoint.metadata, typed_filter_metadata: {} } } : {}),
    locality: { region, zone, sub_zone: subZone },
    ...(event.kind === "successful_health_check_event" ? bodyOf(event) : {}),
  });
}

/** Fields 4 and 5: before the timestamp. */
function isEarly({ kind }: HealthEvent): boolean {
  return kind === "eject_unhealthy_event" || kind === "add_healthy_event";
}

function bodyOf(event: HealthEvent): Readonly<Record<string, object>> {
  switch (event.kind) {
    case "eject_unhealthy_event":
      return { [event.kind]: { failure_type: event.failure, http_status_code: event.httpStatus } };
    case "add_healthy_event":
      return { [event.kind]: { first_check: event.isFirst } };
    case "health_check_failure_event": {
      const { failure, isFirst, httpStatus } = event;
      return { [event.kind]: { failure_type: failure, first_check: isFirst, http_status_code: httpStatus } };
    }
    case "successful_health_check_event":
    case "degraded_healthy_host":
    case "no_longer_degraded_host":
      return { [event.kind]: {} };
  }
}

function hostOf(address: AddressPlan): object {
  if (address.kind === "pipe") return { pipe: { path: address.path, mode: 0 } };
  return {
    socket_address: {
      protocol: "TCP",
      address: address.host,
      port_value: address.port,
      resolver_name: "",
      ipv4_compat: false,
      network_namespace_filepath: "",
    },
  };
}
