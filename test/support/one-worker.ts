// A whole proxy in the test's own thread: an Envoy file, real sockets on loopback, one worker, no supervisor.

import { SeededRandom } from "../../src/base/random.ts";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import { createListenerService, workerContext } from "../../src/dataplane/listener-service.ts";
import { ClusterManager } from "../../src/dataplane/upstream/cluster-manager.ts";
import type { ListenerService, WorkerServices } from "../../src/dataplane/worker-services.ts";
import type { Listening } from "../../src/net/acceptor.ts";
import { listen } from "../../src/net/listen.ts";
import { createNetContext, type NetContext } from "../../src/net/net-context.ts";
import { RateMemory } from "../../src/supervisor/rate-memory.ts";
import { createAccessLogs } from "../../src/telemetry/access-log.ts";
import { StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { ADMITTED } from "./net-peers.ts";
import { quietServices } from "./quiet-services.ts";

/** A running proxy. */
export class OneWorker {
  readonly plan: Plan;
  readonly services: WorkerServices;
  readonly bugs: unknown[] = [];
  private readonly net: NetContext;
  private readonly upstreams: ClusterManager;
  private readonly listeners: { readonly listening: Listening; readonly service: ListenerService }[] = [];

  private constructor(yaml: string) {
    const { plan, errors } = loadPlan({ text: yaml, file: "test.yaml" });
    if (plan === null) throw new Error(errors.map((error) => JSON.stringify(error)).join("\n"));
    this.plan = plan;
    const onBug = (error: unknown): void => void this.bugs.push(error);
    this.net = createNetContext({ onBug });
    const stats = new StatsWriter(() => {});
    const random = new SeededRandom(1);
    this.upstreams = new ClusterManager({ net: this.net, stats, random });
    this.upstreams.applyPlan(plan.clusters);
    this.services = quietServices({
      clock: this.net.clock,
      wheel: this.net.wheel,
      random,
      stats,
      upstreams: this.upstreams,
      accessLogs: createAccessLogs(this.net.wheel),
      rateBuckets: new RateMemory().of(plan),
      onBug,
    });
  }

  /** Loads the file and listens on its addresses. */
  static async start(yaml: string): Promise<OneWorker> {
    const worker = new OneWorker(yaml);
    for (const plan of worker.plan.listeners) {
      const service = createListenerService(worker.services, plan);
      const outcome = await listen(
        worker.net,
        {
          address: plan.address,
          backlog: plan.backlog,
          sharing: "exclusive",
          chains: plan,
          ticketKeys: null,
          events: {
            onAccept: () => ADMITTED,
            onChain: () => true,
            onNoChain: () => {},
            onChoiceTimeout: () => {},
            onChoiceFailed: () => {},
            onAcceptError: (text) => worker.bugs.push(text),
            onHandshake: () => {},
            onHandshakeFailed: () => {},
          },
        },
        (channel, chain) => service.onChannel(channel, chain),
      );
      if (outcome.kind === "fault") throw new Error(outcome.fault.text);
      worker.listeners.push({ listening: outcome.listening, service });
    }
    return worker;
  }

  /** Port of the first listener. */
  get port(): number {
    const address = this.listeners[0]?.listening.address;
    if (address?.kind !== "socket") throw new Error("no listener with a port");
    return address.port;
  }

  /** Ends everything; then names what is still held after all the time that a busy machine may need to tell of closed sockets. */
  async stop(): Promise<string[]> {
    for (const { listening, service } of this.listeners) {
      listening.close();
      service.drain(true);
    }
    this.upstreams.close();
    this.services.accessLogs.close();
    const { clock } = this.net;
    const deadlineMs = clock.nowMs() + CLOSES_WITHIN_MS;
    while (this.held().length > 0 && clock.nowMs() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, 5));
    return [...this.held(), ...this.bugs.map(String)];
  }

  private held(): string[] {
    const left = this.listeners.map(({ service }) => service.connections()).filter((count) => count > 0);
    const held = workerContext(this.services).budget.heldBytes;
    return [...left.map((count) => `${count} connections`), ...(held > 0 ? [`${held} bytes`] : [])];
  }
}

/** An Envoy file with one listener on a free port, whose routes all lead to the endpoints of one cluster. */
export function oneCluster(
  ports: readonly number[],
  more: { http2?: boolean; manager?: string; route?: string } = {},
): string {
  const endpoints = ports.map(
    (port) => `      - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: ${port} } } }`,
  );
  return `
static_resources:
  listeners:
  - name: main
    address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: main
          ${more.manager ?? "codec_type: AUTO"}
          route_config:
            name: all
            virtual_hosts:
            - name: all
              domains: ['*']
              routes:
              - match: { prefix: / }
                route: { cluster: up${more.route === undefined ? "" : `, ${more.route}`} }
          http_filters:
          - name: router
            typed_config:
              '@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
  - name: up
    type: STATIC
    connect_timeout: 1s
    load_assignment:
      cluster_name: up
      endpoints:
      - lb_endpoints:
${endpoints.join("\n").replaceAll(/^ {6}/gm, "        ")}
${more.http2 === true ? HTTP2_UPSTREAM : ""}`;
}

/** Sockets that were aborted say so by events of their own. */
const CLOSES_WITHIN_MS = 10_000;

const HTTP2_UPSTREAM = `    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        '@type': type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: { http2_protocol_options: {} }
`;
