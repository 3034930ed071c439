// The files of the mesh benchmark: one route to a plain cluster, and beside it a cluster of many loopback endpoints, checked or not.

/** A file. */
export interface HealthFile {
  readonly listen: number;
  readonly admin: number;
  /** Where the route's requests go. */
  readonly used: number;
  /** Port of every checked endpoint. */
  readonly target: number;
  readonly endpoints: number;
  /** `none`: the same endpoints without checks. */
  readonly checks: "reuse" | "no reuse" | "none";
}

/** Time between two probes of an endpoint. */
export const INTERVAL_S = 5;

/** The file as JSON. First probes are spread over one interval, as an operator of so many would. */
export function healthFile(file: HealthFile): string {
  const type = "type.googleapis.com/envoy.extensions.filters";
  const manager = {
    "@type": `${type}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "mesh",
    route_config: {
      name: "all",
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: [
            { match: { prefix: "/checked" }, route: { cluster: "checked" } },
            { match: { prefix: "/" }, route: { cluster: "used" } },
          ],
        },
      ],
    },
    http_filters: [{ name: "router", typed_config: { "@type": `${type}.http.router.v3.Router` } }],
  };
  const check = {
    timeout: "2s",
    interval: `${INTERVAL_S}s`,
    initial_jitter: `${INTERVAL_S}s`,
    no_traffic_interval: `${INTERVAL_S}s`,
    unhealthy_threshold: 2,
    healthy_threshold: 1,
    reuse_connection: file.checks === "reuse",
    http_health_check: { path: "/healthz" },
  };
  const addresses = Array.from({ length: file.endpoints }, (_, i) => socket(loopbackAddress(i), file.target));
  const listener = {
    address: socket("127.0.0.1", file.listen),
    filter_chains: [{ filters: [{ name: "http", typed_config: manager }] }],
  };
  const clusters = [
    cluster("used", [socket("127.0.0.1", file.used)]),
    { ...cluster("checked", addresses), ...(file.checks === "none" ? {} : { health_checks: [check] }) },
  ];
  return JSON.stringify({
    admin: { address: socket("127.0.0.1", file.admin) },
    static_resources: { listeners: [listener], clusters },
  });
}

/** The i-th address of 127.1.0.1 and on. */
export function loopbackAddress(i: number): string {
  return `127.${1 + Math.floor(i / 62_500)}.${Math.floor(i / 250) % 250}.${1 + (i % 250)}`;
}

function cluster(name: string, addresses: readonly object[]): object {
  const endpoints = addresses.map((address) => ({ endpoint: { address } }));
  return {
    name,
    type: "STATIC",
    connect_timeout: "1s",
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: endpoints }] },
  };
}

function socket(address: string, port: number): object {
  return { socket_address: { address, port_value: port } };
}
