// Small Envoy files for tests of the whole program, as data: one listener, everything to one cluster, and an admin page.
import { endpointAt, OVER_HTTP2, socketAddress, staticCluster } from "./file-parts.ts";
import { goldenText } from "./live-proxy.ts";

/** What differs from a cleartext HTTP/1.1 hop. */
export interface ProxyFileOptions {
  readonly port: number;
  readonly adminPort: number;
  readonly upstreamPort: number;
  /** Default http1. */
  readonly upstream?: "http1" | "http2";
  /** ALPN protocols of a TLS listener; absent: cleartext. */
  readonly alpn?: readonly string[];
  /** More fields of the HTTP connection manager. */
  readonly manager?: Readonly<Record<string, unknown>>;
  /** Fields of the one route's action besides the cluster. */
  readonly route?: Readonly<Record<string, unknown>>;
  /** More fields of the cluster. */
  readonly cluster?: Readonly<Record<string, unknown>>;
  /** More clusters of one HTTP/1 endpoint each: ports by name. */
  readonly morePorts?: Readonly<Record<string, number>>;
  /** Instead of the one filter chain, behind a TLS inspector. */
  readonly filterChains?: readonly unknown[];
  /** More fields of the listener. */
  readonly listener?: Readonly<Record<string, unknown>>;
}

/** The text of such a file; JSON is YAML. */
export function proxyFile(options: ProxyFileOptions): string {
  const chain = {
    filters: [managerFilter({ route_config: routeTo("echo", options.route), ...options.manager })],
    ...(options.alpn === undefined ? {} : { transport_socket: tlsSocket(options.alpn) }),
  };
  const more = Object.entries(options.morePorts ?? {});
  const file = {
    admin: { address: socketAddress(options.adminPort) },
    static_resources: {
      listeners: [
        {
          name: "main",
          address: socketAddress(options.port),
          ...options.listener,
          ...(options.filterChains === undefined
            ? { filter_chains: [chain] }
            : {
                filter_chains: options.filterChains,
                listener_filters: [extension("envoy.filters.listener.tls_inspector", TLS_INSPECTOR, {})],
              }),
        },
      ],
      clusters: [upstreamCluster(options), ...more.map(([name, port]) => staticCluster(name, endpointAt(port)))],
    },
  };
  return JSON.stringify(file, null, 1);
}

/** The text of a file for a node in the test's own process: a page and a listener on ports that are free then, with a host of these fields. */
export function nodeFile(
  virtualHost: Readonly<Record<string, unknown>>,
  clusters: readonly unknown[],
  more: Readonly<Record<string, unknown>> = {},
): string {
  const route_config = { virtual_hosts: [{ name: "all", domains: ["*"], ...virtualHost }] };
  const listener = { address: socketAddress(0), filter_chains: [{ filters: [managerFilter({ route_config })] }] };
  const admin = { address: socketAddress(0) };
  return JSON.stringify({ admin, static_resources: { listeners: [listener], clusters }, ...more }, null, 1);
}

/** A chain's HTTP connection manager with a router. */
export function managerFilter(fields: Readonly<Record<string, unknown>>): unknown {
  return extension("envoy.filters.network.http_connection_manager", MANAGER, {
    stat_prefix: "main",
    http_filters: [extension("envoy.filters.http.router", ROUTER, {})],
    ...fields,
  });
}

/** OpenTelemetry's tracer with these fields, to the cluster `collector` over HTTP. */
export function otelTracer(fields: Readonly<Record<string, unknown>> = {}, timeout: string = "1s"): unknown {
  const http_service = { http_uri: { uri: "http://collector/v1/traces", cluster: "collector", timeout } };
  return { name: "envoy.tracers.opentelemetry", typed_config: { "@type": OTEL_TRACER, http_service, ...fields } };
}

/** Answers every request with this text, without an upstream. */
export function answering(text: string): unknown {
  const answer = { status: 200, body: { inline_string: text } };
  return routes({ match: { prefix: "/" }, direct_response: answer });
}

/** A TLS transport socket with the certificate of the front-proxy document. */
export function tlsSocket(alpn: readonly string[]): unknown {
  const certificate = {
    certificate_chain: { inline_string: pem("CERTIFICATE") },
    private_key: { inline_string: pem("PRIVATE KEY") },
  };
  return extension("envoy.transport_sockets.tls", DOWNSTREAM_TLS, {
    common_tls_context: { tls_certificates: [certificate], alpn_protocols: alpn },
  });
}

function routeTo(cluster: string, more: Readonly<Record<string, unknown>> = {}): unknown {
  return routes({ match: { prefix: "/" }, route: { cluster, ...more } });
}

function routes(...all: readonly unknown[]): unknown {
  return { name: "local", virtual_hosts: [{ name: "all", domains: ["*"], routes: all }] };
}

function upstreamCluster(options: ProxyFileOptions): unknown {
  return {
    ...staticCluster("echo", endpointAt(options.upstreamPort)),
    ...(options.upstream === "http2" ? OVER_HTTP2 : {}),
    ...options.cluster,
  };
}

function extension(name: string, type: string, fields: Readonly<Record<string, unknown>>): unknown {
  return { name, typed_config: { "@type": type, ...fields } };
}

function pem(label: string): string {
  const file = goldenText("envoy/front-proxy.front-envoy.yaml");
  const found = new RegExp(`-----BEGIN ${label}-----.*?-----END ${label}-----`, "s").exec(file);
  if (found === null) throw new Error(`the golden file holds no ${label}`);
  return `${found[0].replaceAll(/^ +/gm, "")}\n`;
}

const TYPES = "type.googleapis.com/envoy.extensions";
const MANAGER = `${TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager`;
const ROUTER = `${TYPES}.filters.http.router.v3.Router`;
const DOWNSTREAM_TLS = `${TYPES}.transport_sockets.tls.v3.DownstreamTlsContext`;
const TLS_INSPECTOR = `${TYPES}.filters.listener.tls_inspector.v3.TlsInspector`;
const OTEL_TRACER = "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig";
