// A TCP proxy of one worker between clients and endpoints that are objects in memory: bytes in, bytes out, and time that stands still.
import { SeededRandom } from "../../src/base/random.ts";
import type { ClusterPlan } from "../../src/config/plan/cluster.ts";
import type { FilterChainPlan, ListenerPlan } from "../../src/config/plan/listener.ts";
import type { TcpProxyPlan } from "../../src/config/plan/tcp-proxy.ts";
import { createListenerService } from "../../src/dataplane/listener-service.ts";
import { ClusterManager } from "../../src/dataplane/upstream/cluster-manager.ts";
import type { ListenerService, WorkerServices } from "../../src/dataplane/worker-services.ts";
import { createNetContext } from "../../src/net/net-context.ts";
import { type AccessLogs, createAccessLogs } from "../../src/telemetry/access-log.ts";
import { CLUSTER } from "../../src/telemetry/cluster-stats.ts";
import { createNodeMemory, type NodeTables, nodeTables } from "../../src/telemetry/node-memory.ts";
import { StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { TCP } from "../../src/telemetry/tcp-stats.ts";
import { ClientChannel } from "./client-channel.ts";
import { clusterPlan, endpoint } from "./cluster-plans.ts";
import { listener } from "./listener-plans.ts";
import { quietServices } from "./quiet-services.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** A worker with one listener that proxies TCP. */
export class TcpWorld {
  readonly clock: VirtualClock = new VirtualClock();
  readonly service: ListenerService;
  readonly manager: ClusterManager;
  readonly tables: NodeTables = nodeTables(createNodeMemory(1, 64, 8), 0);
  /** Connections to endpoints, in the order in which they were begun. */
  readonly upstreams: ClientChannel[] = [];
  readonly plan: ListenerPlan;
  readonly services: WorkerServices;
  private readonly stats: StatsWriter = new StatsWriter(() => {});
  private readonly logs: AccessLogs;
  private logged = "";

  constructor(proxy: Partial<TcpProxyPlan> = {}, clusters: readonly ClusterPlan[] = [ONE], bufferBytesMax = 1_048_576) {
    const { clock, stats } = this;
    const random = new SeededRandom(3);
    const onBug = (error: unknown): void => {
      throw error;
    };
    const net = createNetContext({ clock, wheel: clock.wheel, onBug });
    this.manager = new ClusterManager({
      net,
      stats,
      random,
      dial: ({ address }, handler) => {
        const channel = new ClientChannel();
        channel.handler = handler;
        channel.remotePort = address.kind === "socket" ? address.port : 0;
        this.upstreams.push(channel);
        return channel;
      },
    });
    this.manager.applyPlan(clusters);
    const write = (bytes: Buffer): void => {
      this.logged += bytes.toString();
    };
    this.logs = createAccessLogs(clock.wheel, 10_000, {
      open: () => 9,
      write: (_, bytes, done) => {
        write(bytes);
        done(null);
      },
      writeSync: (_, bytes) => write(bytes),
      close: () => {},
    });
    this.plan = { ...listener(tcpProxy(proxy)), perConnectionBufferBytesMax: bufferBytesMax };
    this.services = quietServices({
      clock,
      wheel: clock.wheel,
      random,
      stats,
      upstreams: this.manager,
      accessLogs: this.logs,
      onBug,
    });
    this.service = createListenerService(this.services, this.plan);
  }

  /** A client connects; the connection upstream is begun and stands when `connects`. */
  connect(connects: boolean = true, remoteAddress: string = "127.0.0.1"): ClientChannel {
    const client = new ClientChannel();
    client.remoteAddress = remoteAddress;
    this.service.onChannel(client, this.plan.filterChains[0] as FilterChainPlan);
    if (connects) this.upstream().handler.onConnect();
    return client;
  }

  /** The newest connection to an endpoint. */
  upstream(): ClientChannel {
    const channel = this.upstreams.at(-1);
    if (channel === undefined) throw new Error("nothing was dialled");
    return channel;
  }

  /** A counter of the proxy. */
  tcp(name: keyof typeof TCP.at): number {
    return this.stats.block(TCP, "tcp.t.")[TCP.at[name]] as number;
  }

  /** A counter of a cluster. */
  cluster(name: keyof typeof CLUSTER.at, cluster: string = "c"): number {
    return this.stats.block(CLUSTER, `cluster.${cluster}.`)[CLUSTER.at[name]] as number;
  }

  /** What was logged so far. */
  log(): string {
    this.logs.flush();
    return this.logged;
  }

  /** What is still held when nobody is connected any more; empty is what a test wants. */
  leaks(): string[] {
    const { stats } = this;
    const gauges = [
      ...CLUSTER.names.slice(CLUSTER.gaugesFrom).map((name, i) => {
        return [`cluster ${name}`, stats.block(CLUSTER, "cluster.c.")[CLUSTER.gaugesFrom + i]] as const;
      }),
      ["upstream_flush_active", this.tcp("upstream_flush_active")] as const,
      ["connections", this.service.connections()] as const,
      ["open sockets upstream", this.upstreams.filter(({ isGone }) => !isGone).length] as const,
      ["timers", this.clock.wheel.size] as const,
    ];
    return gauges.filter(([, value]) => value !== 0).map(([name, value]) => `${name}: ${value}`);
  }
}

/** A proxy `t` to the cluster `c` without a timeout. */
export function tcpProxy(more: Partial<TcpProxyPlan> = {}): TcpProxyPlan {
  return {
    kind: "tcp",
    statPrefix: "t",
    clusters: [{ name: "c", weight: 1, metadataMatch: null }],
    hashesSource: false,
    idleTimeoutMs: Number.POSITIVE_INFINITY,
    durationMaxMs: Number.POSITIVE_INFINITY,
    durationJitterPercent: 0,
    connectAttemptsMax: 1,
    connectBackOffBaseMs: 0,
    connectBackOffMaxMs: 0,
    accessLogs: [],
    logIntervalMs: Number.POSITIVE_INFINITY,
    logsOnConnected: false,
    checksDrain: false,
    ...more,
  };
}

const ONE: ClusterPlan = clusterPlan("c", [endpoint(81)]);
