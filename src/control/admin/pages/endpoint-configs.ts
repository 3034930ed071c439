// The endpoints of /config_dump?include_eds: every cluster's assignment as it is now, grouped by priority and locality as Envoy groups it.
import type { EndpointPlan } from "../../../config/plan/cluster.ts";
import type { PageContext } from "../page.ts";
import { EDS_STATUS, endpointSets } from "./clusters.ts";
import { addressJson } from "./listeners.ts";

/** Any JSON object. */
export type Json = { readonly [key: string]: JsonValue };

/** Any JSON value. */
export type JsonValue = string | number | boolean | null | Json | readonly JsonValue[];

/** One assignment a cluster. */
export function endpointConfigs(context: PageContext): Json[] {
  const sets = endpointSets(context);
  return context.view.plan().clusters.map((cluster) => ({
    endpoint_config: {
      "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
      cluster_name: cluster.name,
      endpoints: localities(sets.get(cluster.name)?.endpoints ?? []).map(localityJson),
      policy: { overprovisioning_factor: cluster.overprovisioningPercent },
    },
  }));
}

function localities(endpoints: readonly EndpointPlan[]): (readonly [EndpointPlan, ...EndpointPlan[]])[] {
  const groups = new Map<string, [EndpointPlan, ...EndpointPlan[]]>();
  for (const endpoint of endpoints) {
    const { region, zone, subZone } = endpoint.locality;
    const key = JSON.stringify([endpoint.priority, region, zone, subZone]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [endpoint]);
    else group.push(endpoint);
  }
  return [...groups.values()].sort(([a], [b]) => a.priority - b.priority);
}

function localityJson(endpoints: readonly [EndpointPlan, ...EndpointPlan[]]): Json {
  const [{ locality, localityWeight, priority }] = endpoints;
  const parts = { region: locality.region, zone: locality.zone, sub_zone: locality.subZone };
  return {
    locality: Object.fromEntries(Object.entries(parts).filter(([, text]) => text !== "")),
    lb_endpoints: endpoints.map((endpoint) => ({
      endpoint: {
        address: addressJson(endpoint.address),
        health_check_config: {},
        ...(endpoint.hostname === "" ? {} : { hostname: endpoint.hostname }),
      },
      health_status: EDS_STATUS[endpoint.health],
      metadata: {},
      load_balancing_weight: endpoint.weight,
    })),
    load_balancing_weight: localityWeight,
    ...(priority === 0 ? {} : { priority }),
  };
}
