// A collector as one exporter sees it: an endpoint of its cluster, a connection that is made anew when it has ended, and the time that an
// export may take. Used by telemetry-actor.ts.
import { Timer } from "../../base/timer-wheel.ts";
import type { ClusterPlan } from "../../config/plan/cluster.ts";
import type { EndpointFacts } from "../../config/plan/endpoint-set.ts";
import type { OtlpTargetPlan } from "../../config/plan/otlp-target.ts";
import type { NetContext } from "../../net/net-context.ts";
import { chooseServer } from "../grpc/server-target.ts";
import { CollectorConnection } from "./collector-connection.ts";
import type { OnExported } from "./export-queue.ts";

/** A request's body, whole or in parts. */
export type ExportBody = Uint8Array | readonly Uint8Array[];

/** What it stands on. */
export interface CollectorSurroundings {
  readonly net: NetContext;
  /** The cluster as the newest plan has it, undefined when it has none of this name. */
  clusterOf(name: string): ClusterPlan | undefined;
  endpointsOf(cluster: string): readonly EndpointFacts[];
}

/** One target of exports. */
export class Collector {
  private readonly parts: CollectorSurroundings;
  private readonly target: OtlpTargetPlan;
  private readonly headers: OtlpTargetPlan["headers"];
  private connection: CollectorConnection | null = null;
  /** Nothing has been sent for the cluster's idle_timeout; also the end of targets that no file names any more. */
  private readonly idle: Timer = new Timer(() => this.close());
  private turn = 0;

  /** `headers`: of the environment, sent with each export. */
  constructor(parts: CollectorSurroundings, target: OtlpTargetPlan, headers: OtlpTargetPlan["headers"]) {
    this.parts = parts;
    this.target = target;
    this.headers = headers;
  }

  /**
   * Sends one request, its body whole or in parts, which stay as they are until `done`; that comes once. One at a time: who sends another
   * before that ends the first. `timeoutOf`: what it may take, from what the target says.
   */
  send(body: ExportBody, done: OnExported, timeoutOf: (planMs: number) => number = (planMs) => planMs): void {
    const { cluster } = this.target;
    const timeoutMs = timeoutOf(this.target.timeoutMs);
    const connection = this.connect();
    if (connection === null) {
      done("unanswered", `no endpoint in cluster ${cluster}`, 0);
      return;
    }
    const { wheel } = this.parts.net;
    wheel.remove(this.idle);
    const timer = new Timer(() => connection.giveUp(`no answer within ${timeoutMs} ms`));
    wheel.arm(timer, timeoutMs);
    connection.send(body instanceof Uint8Array ? [body] : body, (result, text, rejected) => {
      wheel.remove(timer);
      wheel.arm(this.idle, this.parts.clusterOf(cluster)?.idleTimeoutMs ?? 0);
      done(result, text, rejected);
    });
  }

  /** Ends its connection; nobody hears of it. */
  close(): void {
    this.parts.net.wheel.remove(this.idle);
    this.connection?.close();
    this.connection = null;
  }

  private connect(): CollectorConnection | null {
    if (this.connection?.isUsable === true) return this.connection;
    this.close();
    const { net } = this.parts;
    const { headers, target } = this;
    const cluster = this.parts.clusterOf(target.cluster);
    const endpoint = chooseServer(this.parts.endpointsOf(target.cluster), () => 0, this.turn++);
    if (cluster === undefined || endpoint === null) return null;
    this.connection = new CollectorConnection({ net, cluster, endpoint, target, headers });
    return this.connection;
  }
}
