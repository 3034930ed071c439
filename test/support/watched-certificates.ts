// A configuration whose certificates and authorities come from files in one folder, with a watched_directory or without.
import { endpointAt, socketAddress, staticCluster } from "./file-parts.ts";

/** The files of that folder. */
export interface WatchedFolder {
  readonly folder: string;
  /** Whether the folder is named as the watched_directory. */
  readonly isWatched: boolean;
  readonly listenerPort?: number;
  readonly adminPort?: number;
  /** Of the cluster that every request goes to, over TLS, verified by `ca.pem`. */
  readonly upstreamPort?: number;
}

/** One listener with `tls.pem` and `tls.key`, and a cluster that trusts `ca.pem` and shows `tls.pem` too. */
export function watchedConfig({
  folder,
  isWatched,
  listenerPort = 0,
  adminPort,
  upstreamPort = 1,
}: WatchedFolder): string {
  const watched = isWatched ? { watched_directory: { path: folder } } : {};
  const certificate = {
    certificate_chain: { filename: `${folder}/tls.pem` },
    private_key: { filename: `${folder}/tls.key` },
    ...watched,
  };
  const manager = {
    "@type": `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "main",
    route_config: {
      virtual_hosts: [{ name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster: "up" } }] }],
    },
    http_filters: [{ name: "router", typed_config: { "@type": `${TYPE}.filters.http.router.v3.Router` } }],
  };
  const upstreamTls = {
    sni: "front.example",
    common_tls_context: {
      tls_certificates: [certificate],
      validation_context: { trusted_ca: { filename: `${folder}/ca.pem` }, ...watched },
    },
  };
  const listener = {
    name: "main",
    address: socketAddress(listenerPort),
    filter_chains: [
      {
        filters: [{ name: "hcm", typed_config: manager }],
        transport_socket: socket("Downstream", { common_tls_context: { tls_certificates: [certificate] } }),
      },
    ],
  };
  const cluster = {
    ...staticCluster("up", endpointAt(upstreamPort)),
    transport_socket: socket("Upstream", upstreamTls),
  };
  return JSON.stringify({
    ...(adminPort === undefined ? {} : { admin: { address: socketAddress(adminPort) } }),
    static_resources: { listeners: [listener], clusters: [cluster] },
  });
}

function socket(side: "Downstream" | "Upstream", tls: object): object {
  return { name: "tls", typed_config: { "@type": `${TYPE}.transport_sockets.tls.v3.${side}TlsContext`, ...tls } };
}

const TYPE = "type.googleapis.com/envoy.extensions";
