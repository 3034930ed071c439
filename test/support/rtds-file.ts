// A file with one runtime layer from a discovery server, in each way to ask for it; for Envoy and Starling alike.
import { endpointAt, OVER_HTTP2, socketAddress, staticCluster } from "./file-parts.ts";
import { managerFilter } from "./proxy-file.ts";

/** How the layer is asked for. */
export const RTDS_VARIANTS = ["GRPC", "DELTA_GRPC", "ADS", "DELTA_ADS"] as const;

/** Its text. */
export function rtdsFile(
  variant: (typeof RTDS_VARIANTS)[number],
  ports: { readonly server: number; readonly admin: number; readonly listener: number },
): string {
  const api = (api_type: string) => ({
    ...{ api_type, transport_api_version: "V3", grpc_services: [{ envoy_grpc: { cluster_name: "rtds" } }] },
  });
  const isAds = variant.endsWith("ADS");
  const type = variant.startsWith("DELTA") ? "DELTA_GRPC" : "GRPC";
  const source = isAds ? { ads: {} } : { api_config_source: api(type) };
  return JSON.stringify({
    node: { id: "n", cluster: "c" },
    admin: { address: socketAddress(ports.admin) },
    ...(isAds ? { dynamic_resources: { ads_config: api(type) } } : {}),
    layered_runtime: {
      layers: [
        { name: "base", static_layer: { a: 1, b: 1 } },
        { name: "far", rtds_layer: { name: "mine", rtds_config: { resource_api_version: "V3", ...source } } },
        { name: "admin", admin_layer: {} },
      ],
    },
    static_resources: {
      clusters: [{ ...staticCluster("rtds", endpointAt(ports.server)), ...OVER_HTTP2 }],
      listeners: [{ name: "l", address: socketAddress(ports.listener), filter_chains: [{ filters: [ECHOLESS] }] }],
    },
  });
}

const ECHOLESS = managerFilter({
  route_config: {
    virtual_hosts: [
      { name: "v", domains: ["*"], routes: [{ match: { prefix: "/" }, direct_response: { status: 200 } }] },
    ],
  },
});
