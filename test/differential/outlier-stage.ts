// Outlier detection of one program: a proxy with a cluster a case, endpoints that answer as the path says, and what the admin pages and
// the event log say of it. Used by outlier.full.test.ts.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closeService } from "../support/hello-service.ts";
import { LiveProxy, PortMap, type Program } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { CLUSTERS, type ClusterCase } from "./outlier-clusters.ts";

/** What the pages say of one cluster, ports and times of the run left out. */
export interface Standing {
  /** `outlier_detection.*` that are not zero. */
  readonly stats: Readonly<Record<string, number>>;
  /** Lines of /clusters about detection, without the endpoint's address, sorted. */
  readonly lines: readonly string[];
  /** The same of its JSON form. */
  readonly json: unknown;
}

/** A running proxy with its endpoints. */
export class OutlierStage {
  private readonly ports = new PortMap();
  private readonly servers: Server[] = [];
  private readonly folder: string = mkdtempSync(join(tmpdir(), "outlier-"));
  private proxy: LiveProxy | null = null;

  static async start(program: Program): Promise<OutlierStage> {
    const stage = new OutlierStage();
    const { ports } = stage;
    await ports.take(ADMIN, FRONT, CLOSED);
    const addresses = new Map<string, number[]>();
    for (const [name, { endpoints }] of Object.entries(CLUSTERS)) {
      const own = [CLOSED, ...Array.from({ length: endpoints }, (_, i) => FIRST + stage.servers.length + i)];
      addresses.set(name, endpoints === 0 ? own : own.slice(1));
      for (const port of own.slice(1)) {
        await ports.take(port);
        stage.servers.push(await endpoint(ports.get(port), port === own[1]));
      }
    }
    stage.proxy = await LiveProxy.start(program, ports.apply(fileOf(addresses, stage.log)), ports.get(ADMIN));
    return stage;
  }

  async stop(): Promise<void> {
    await this.proxy?.stop();
    await Promise.all(this.servers.map(closeService));
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Requests one after the other, `3 status/500`; the statuses that came back. */
  async ask(
    cluster: string,
    times: number,
    what: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<number[]> {
    const statuses: number[] = [];
    for (let i = 0; i < times; i++) {
      const answer = await fetch(`http://127.0.0.1:${this.ports.get(FRONT)}/${cluster}/${what}`, { headers });
      await answer.text().catch(() => "");
      statuses.push(answer.status);
    }
    return statuses;
  }

  /**
   * Asks on and on, until a statistic of detection is so high: whoever is let in fails at once. After an interval in which it served well it
   * would be ejected for a shorter time.
   */
  askUntil(cluster: string, what: string, stat: string, count: number): Promise<void> {
    return eventually(async () => {
      await Promise.all(Array.from({ length: 4 }, () => this.ask(cluster, 1, what)));
      return (await this.number(`cluster.${cluster}.outlier_detection.${stat}`)) === count;
    });
  }

  /** Waits until so many endpoints of the cluster are ejected. */
  ejected(cluster: string, count: number): Promise<void> {
    return this.counted(cluster, "ejections_active", count);
  }

  /** Waits until a statistic of detection is so high: what was asked before has been judged, and a new row begins. */
  counted(cluster: string, stat: string, count: number): Promise<void> {
    return eventually(async () => (await this.number(`cluster.${cluster}.outlier_detection.${stat}`)) === count);
  }

  /** Waits until no endpoint of the cluster is flagged. */
  ended(cluster: string): Promise<void> {
    return eventually(async () =>
      (await this.standing(cluster)).lines
        .filter((line) => line.startsWith("health_flags"))
        .every((line) => line.endsWith("::healthy")),
    );
  }

  /** Waits until the success rates of the interval before are shown: the next requests are all of one interval. */
  async beginInterval(cluster: string): Promise<void> {
    const size = CLUSTERS[cluster]?.endpoints ?? 0;
    const shown = async () =>
      (await this.standing(cluster)).lines.filter((line) => line === "success_rate::100").length;
    // What the end of an interval parted is too little on both sides: then it is asked again.
    await eventually(async () => {
      await this.ask(cluster, 8 * size, "status/200");
      const giveUpMs = performance.now() + 3_000;
      while (performance.now() < giveUpMs) if ((await shown()) === size) return true;
      return false;
    });
  }

  /** What the admin pages say now. */
  async standing(cluster: string): Promise<Standing> {
    const prefix = `cluster.${cluster}.outlier_detection.`;
    const [stats, text, json] = await Promise.all([
      this.page(`/stats?filter=^${prefix.replaceAll(".", "[.]")}`),
      this.page(`/clusters?filter=^${cluster}$`),
      this.page(`/clusters?format=json&filter=^${cluster}$`),
    ]);
    return { stats: nonZero(stats, prefix), lines: linesOf(text, cluster), json: factsOf(json) };
  }

  /** One statistic. */
  async number(name: string): Promise<number> {
    const text = await this.page(`/stats?filter=^${name.replaceAll(".", "[.]")}$`);
    return Number(/: (\d+)$/m.exec(text)?.[1] ?? Number.NaN);
  }

  /** Names of all statistics of detection. */
  async names(cluster: string): Promise<string[]> {
    const text = await this.page(`/stats?filter=^cluster[.]${cluster}[.]outlier_detection[.]`);
    return [...text.matchAll(/^(\S+): /gm)].map(([, name = ""]) => name).sort();
  }

  /** Lines of the event log of one cluster once the proxy has ended, times and ports left out. */
  events(cluster: string): string[] {
    return readFileSync(this.log, "utf8")
      .split("\n")
      .filter((line) => line.includes(`"cluster_name":"${cluster}"`))
      .map((line) => line.replace(/"timestamp":"[^"]+Z"/, '"timestamp":"…"').replace(/127.0.0.1:\d+/, "…"));
  }

  /** Ends the proxy, which writes out its log. */
  async endProxy(): Promise<void> {
    await this.proxy?.stop();
  }

  private get log(): string {
    return join(this.folder, "events.log");
  }

  private async page(path: string): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.ports.get(ADMIN)}${path}`)).text();
  }
}

function nonZero(stats: string, prefix: string): Record<string, number> {
  const found = [...stats.matchAll(/^(\S+): (\d+)$/gm)].map(([, name = "", value]): [string, number] => [
    name.slice(prefix.length),
    Number(value),
  ]);
  return Object.fromEntries(found.filter(([, value]) => value !== 0).sort());
}

function linesOf(text: string, cluster: string): string[] {
  return text
    .split("\n")
    .filter((line) => /::(outlier::|health_flags::|success_rate::|local_origin_success_rate::)/.test(line))
    .map((line) => line.slice(cluster.length + 2).replace(/^127.0.0.1:\d+::/, ""))
    .sort();
}

function factsOf(json: string): unknown {
  const { cluster_statuses: statuses } = JSON.parse(json) as { cluster_statuses: Record<string, unknown>[] };
  return statuses.map(({ host_statuses: hosts, circuit_breakers: _, ...cluster }) => ({
    cluster,
    hosts: (hosts as Record<string, unknown>[])
      .map(({ address: _address, stats: _stats, ...facts }) => JSON.stringify(facts))
      .sort(),
  }));
}

/** Answers with the status of `status/500`; on the cluster's first endpoint only `bad`: 500, `degraded`: says so; `reset`: none. */
function endpoint(port: number, isFirst: boolean): Promise<Server> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = request.url ?? "";
    if (url.endsWith("/reset")) {
      request.socket.resetAndDestroy();
      return;
    }
    if (url.endsWith("/hang")) return;
    const grpc = /grpc\/(\d+)/.exec(url)?.[1];
    const fields = grpc === undefined ? {} : { "content-type": "application/grpc", "grpc-status": grpc };
    const bad = url.endsWith("/bad") && isFirst ? 500 : 200;
    const degraded = url.endsWith("/degraded") && isFirst ? { "x-envoy-degraded": "true" } : {};
    response.writeHead(Number(/status\/(\d+)/.exec(url)?.[1] ?? bad), { ...fields, ...degraded });
    response.end();
  });
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

function fileOf(addresses: ReadonlyMap<string, readonly number[]>, log: string): string {
  const names = [...addresses.keys()];
  // Only what hangs is given up; everything else has time, whatever else the machine does.
  const routes = names.flatMap((name) => [
    `{ match: { path: "/${name}/hang" }, route: { cluster: ${name}, timeout: 0.2s } }`,
    `{ match: { prefix: "/${name}/" }, route: { cluster: ${name}, timeout: 10s } }`,
  ]);
  return `
admin: { address: { socket_address: { address: 127.0.0.1, port_value: ${ADMIN} } } }
cluster_manager: { outlier_detection: { event_log_path: ${log} } }
layered_runtime:
  layers:
  - name: over-the-clusters
    static_layer:
      outlier_detection: { consecutive_gateway_failure: 3, success_rate_stdev_factor: 1000 }
static_resources:
  listeners:
  - name: front
    address:
      socket_address:
        address: 127.0.0.1
        port_value: ${FRONT}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: front
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
${routes.map((route) => `              - ${route}`).join("\n")}
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
${names.map((name) => clusterText(name, addresses.get(name) ?? [])).join("")}`;
}

function clusterText(name: string, ports: readonly number[]): string {
  const { detection, check = "" } = CLUSTERS[name] as ClusterCase;
  const interval = detection.includes(" interval:") ? "" : "interval: 0.5s, ";
  const times = `${interval}${detection.includes("base_ejection_time") ? "" : "base_ejection_time: 1s, "}`;
  const checks = check === "" ? "" : `    health_checks: [${check}]\n`;
  return `  - name: ${name}
    type: STATIC
    connect_timeout: 1s
${checks}${detection === "" ? "" : `    outlier_detection: { ${times}${detection} }\n`}    load_assignment:
      cluster_name: ${name}
      endpoints:
      - lb_endpoints:
${ports.map((port) => `        - endpoint:\n            address:\n              socket_address:\n                address: 127.0.0.1\n                port_value: ${port}\n`).join("")}`;
}

const ADMIN = 22_001;
const FRONT = 22_002;
const CLOSED = 22_003;
const FIRST = 22_010;
