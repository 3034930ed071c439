// Pieces of Envoy files as data, for the files that tests write: addresses, endpoints, clusters.

/** A socket address, by default on loopback. */
export function socketAddress(port: number, address: string = "127.0.0.1"): unknown {
  return { socket_address: { address, port_value: port } };
}

/** An endpoint of such an address. */
export function endpointAt(port: number, address?: string): Readonly<Record<string, unknown>> {
  return { endpoint: { address: socketAddress(port, address) } };
}

/** A cluster of these endpoints. */
export function staticCluster(name: string, ...lb_endpoints: readonly unknown[]): Readonly<Record<string, unknown>> {
  return { name, type: "STATIC", load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints }] } };
}

/** Fields of a cluster whose endpoints speak HTTP/2. */
export const OVER_HTTP2: Readonly<Record<string, unknown>> = {
  typed_extension_protocol_options: {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};
