// A file with one runtime layer from a discovery server, in each way to ask for it; for Envoy and Starling alike.

/** How the layer is asked for. */
export const RTDS_VARIANTS = ["GRPC", "DELTA_GRPC", "ADS", "DELTA_ADS"] as const;

/** Its text. */
export function rtdsFile(
  variant: (typeof RTDS_VARIANTS)[number],
  ports: { readonly server: number; readonly admin: number; readonly listener: number },
): string {
  const address = (port: number) => ({ socket_address: { address: "127.0.0.1", port_value: port } });
  const api = (api_type: string) => ({
    ...{ api_type, transport_api_version: "V3", grpc_services: [{ envoy_grpc: { cluster_name: "rtds" } }] },
  });
  const isAds = variant.endsWith("ADS");
  const type = variant.startsWith("DELTA") ? "DELTA_GRPC" : "GRPC";
  const source = isAds ? { ads: {} } : { api_config_source: api(type) };
  const http2 = {
    "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
    explicit_http_config: { http2_protocol_options: {} },
  };
  return JSON.stringify({
    node: { id: "n", cluster: "c" },
    admin: { address: address(ports.admin) },
    ...(isAds ? { dynamic_resources: { ads_config: api(type) } } : {}),
    layered_runtime: {
      layers: [
        { name: "base", static_layer: { a: 1, b: 1 } },
        { name: "far", rtds_layer: { name: "mine", rtds_config: { resource_api_version: "V3", ...source } } },
        { name: "admin", admin_layer: {} },
      ],
    },
    static_resources: {
      clusters: [
        {
          name: "rtds",
          typed_extension_protocol_options: { "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http2 },
          load_assignment: {
            cluster_name: "rtds",
            endpoints: [{ lb_endpoints: [{ endpoint: { address: address(ports.server) } }] }],
          },
        },
      ],
      listeners: [{ name: "l", address: address(ports.listener), filter_chains: [{ filters: [ECHOLESS] }] }],
    },
  });
}

const ECHOLESS = {
  name: "envoy.filters.network.http_connection_manager",
  typed_config: {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    stat_prefix: "l",
    route_config: {
      virtual_hosts: [
        { name: "v", domains: ["*"], routes: [{ match: { prefix: "/" }, direct_response: { status: 200 } }] },
      ],
    },
    http_filters: [
      {
        name: "envoy.filters.http.router",
        typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
      },
    ],
  },
};
