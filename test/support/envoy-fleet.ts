// Real Envoys whose own checks are off and whose endpoints come from our nodes, with a request at a time through each.
import { endpointAt, OVER_HTTP2, staticCluster } from "./file-parts.ts";
import { freePort, LiveProxy } from "./live-proxy.ts";
import { proxyFile } from "./proxy-file.ts";
import { SteadyLoad } from "./steady-load.ts";

/** How an Envoy asks for endpoints. */
export type EdsVariant = "GRPC" | "DELTA_GRPC" | "ADS" | "DELTA_ADS";

/** The cluster whose endpoints are served. */
export const CLUSTER = "echo";

/** One Envoy. */
export class FleetEnvoy {
  readonly load: SteadyLoad;
  readonly name: string;
  private readonly proxy: LiveProxy;
  private readonly adminPort: number;

  private constructor(name: string, proxy: LiveProxy, adminPort: number, load: SteadyLoad) {
    this.name = name;
    this.proxy = proxy;
    this.adminPort = adminPort;
    this.load = load;
  }

  /** Starts one that knows nodes at these ports, and asks through it from then on. */
  static async start(name: string, variant: EdsVariant, edsPorts: readonly number[]): Promise<FleetEnvoy> {
    const adminPort = await freePort(edsPorts);
    const port = await freePort([...edsPorts, adminPort]);
    const proxy = await LiveProxy.start("envoy", fileOf({ name, variant, edsPorts, port, adminPort }), adminPort);
    return new FleetEnvoy(name, proxy, adminPort, new SteadyLoad(port, 1));
  }

  /** Starts one that nobody asks. `assignment`: the cluster's endpoints stand in its own file. */
  static async startIdle(name: string, edsPorts: readonly number[], assignment?: unknown): Promise<FleetEnvoy> {
    const adminPort = await freePort(edsPorts);
    const port = await freePort([...edsPorts, adminPort]);
    const yaml = fileOf({ name, variant: "GRPC", edsPorts, port, adminPort, assignment });
    return new FleetEnvoy(name, await LiveProxy.start("envoy", yaml, adminPort), adminPort, new SteadyLoad(port, 0));
  }

  /** What /clusters says of the cluster's endpoints but for counters, sorted. */
  async facts(): Promise<readonly string[]> {
    const kinds = "hostname|health_flags|weight|region|zone|sub_zone|canary|priority";
    const lines = (await this.page("/clusters")).matchAll(new RegExp(`^${CLUSTER}::.+::(${kinds})::.*$`, "gm"));
    return [...lines].map(([line]) => line).sort();
  }

  /** Ports of the cluster's endpoints with their flags as /clusters shows them: `8080:healthy`. */
  async endpoints(): Promise<readonly string[]> {
    const text = await this.page("/clusters");
    const lines = [...text.matchAll(new RegExp(`^${CLUSTER}::127\\.0\\.0\\.1:(\\d+)::health_flags::(.*)$`, "gm"))];
    return lines.map(([, port, flags]) => `${port}:${flags}`).sort();
  }

  /** One of its counters; NaN: it has none of that name. */
  async stat(name: string): Promise<number> {
    return Number(/: (\d+)/.exec(await this.page(`/stats?filter=^${name.replaceAll(".", "\\.")}$`))?.[1]);
  }

  async stop(): Promise<void> {
    this.load.stop();
    await this.proxy.stop();
  }

  private async page(path: string): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.adminPort}${path}`)).text();
  }
}

function fileOf(how: {
  readonly name: string;
  readonly variant: EdsVariant;
  readonly edsPorts: readonly number[];
  readonly port: number;
  readonly adminPort: number;
  readonly assignment?: unknown;
}): string {
  const { name, variant, edsPorts, port, adminPort, assignment } = how;
  const isAds = variant.endsWith("ADS");
  const api = {
    api_type: variant.replace("ADS", "GRPC"),
    transport_api_version: "V3",
    grpc_services: [{ envoy_grpc: { cluster_name: "starling" } }],
  };
  const config = { resource_api_version: "V3", ...(isAds ? { ads: {} } : { api_config_source: api }) };
  const source =
    assignment === undefined
      ? { type: "EDS", load_assignment: undefined, eds_cluster_config: { eds_config: config } }
      : { type: "STATIC", load_assignment: assignment };
  const cluster = {
    ...source,
    // Verdicts act at once, as they do here.
    common_lb_config: { update_merge_window: "0s" },
  };
  const file = JSON.parse(proxyFile({ port, adminPort, upstreamPort: 0, cluster })) as ProxyFile;
  file.static_resources.clusters.push(starling(edsPorts));
  const dynamic = isAds ? { dynamic_resources: { ads_config: api } } : {};
  return JSON.stringify({ node: { id: name, cluster: "fleet" }, ...dynamic, ...file });
}

function starling(ports: readonly number[]): unknown {
  const endpoints = ports.map((port) => endpointAt(port));
  return { ...staticCluster("starling", ...endpoints), ...OVER_HTTP2, connect_timeout: "1s" };
}

interface ProxyFile {
  readonly static_resources: { readonly clusters: unknown[] };
}
