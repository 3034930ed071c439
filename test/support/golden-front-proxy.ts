// The front proxy of the document in this process, on free ports, with the traffic that the golden admin pages were captured after.
import { once } from "node:events";
import type { Server } from "node:http";
import http2 from "node:http2";
import https from "node:https";
import tls from "node:tls";
import { DEFAULT_RESTART_POLICY } from "../../src/actor/restart-policy.ts";
import { systemClock } from "../../src/base/clock.ts";
import { loadConfiguration } from "../../src/supervisor/command-line/load-configuration.ts";
import { DEFAULT_LOGGER_OPTIONS, Logger } from "../../src/supervisor/log/logger.ts";
import { type RunningNode, startNode } from "../../src/supervisor/node.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { closeService, helloService } from "./hello-service.ts";
import { goldenText, PortMap } from "./live-proxy.ts";
import { eventually, TEST_PROBES, testOptions, untilLive } from "./nodes.ts";
import { RawClient } from "./raw-client.ts";

/** The ports that the file names: plain and TLS listeners, admin, two services. */
const PORTS = { plain: 21180, tls: 21143, admin: 21101, service1: 21111, service2: 21121 } as const;

/** The running proxy. */
export class GoldenFrontProxy {
  readonly node: RunningNode;
  readonly quits: string[];
  private readonly ports: PortMap;
  private readonly services: readonly Server[];

  private constructor(node: RunningNode, ports: PortMap, services: readonly Server[], quits: string[]) {
    this.node = node;
    this.ports = ports;
    this.services = services;
    this.quits = quits;
  }

  /** Starts it and waits until it is LIVE. */
  static async start(yaml: string = goldenText("envoy/front-proxy.front-envoy.yaml")): Promise<GoldenFrontProxy> {
    const ports = new PortMap();
    await ports.take(...Object.values(PORTS));
    const services = [
      await helloService(ports.get(PORTS.service1), "one"),
      await helloService(ports.get(PORTS.service2), "two"),
    ];
    const flags = testOptions("--service-cluster", "front-proxy", "--service-node", "front-1");
    const options = { ...flags, configPath: "", configYaml: ports.apply(yaml) };
    const loaded = loadConfiguration(options);
    if (!loaded.ok) throw new Error("the golden file does not compile");
    const quits: string[] = [];
    const node = await startNode({
      options,
      plan: loaded.plan,
      bootstrap: loaded.bootstrap,
      probes: TEST_PROBES,
      log: new Logger(systemClock, { ...DEFAULT_LOGGER_OPTIONS, path: "/dev/null" }),
      policy: DEFAULT_RESTART_POLICY,
      onQuit: () => quits.push("quit"),
      onFatal: (reason) => quits.push(reason),
    });
    try {
      await untilLive(node);
    } catch (error) {
      for (const service of services) await closeService(service);
      throw error;
    }
    return new GoldenFrontProxy(node, ports, services, quits);
  }

  get adminPort(): number {
    return this.ports.get(PORTS.admin);
  }

  get plainPort(): number {
    return this.ports.get(PORTS.plain);
  }

  /**
   * The captured traffic, each request on a connection that its client ends: five requests of service 1, one of service 2 and two of
   * nobody in the clear, two of service 1 over TLS.
   */
  async carryTraffic(): Promise<void> {
    const plain = ["/service/1", "/service/1", "/service/1", "/service/1", "/service/1", "/service/2", "/", "/x"];
    for (const path of plain) {
      const client = await RawClient.open(this.plainPort);
      await client.get(path);
      client.end();
    }
    const tlsPort = this.ports.get(PORTS.tls);
    const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false });
    const request = https.get({ port: tlsPort, host: "127.0.0.1", path: "/service/1", agent });
    const [response] = await once(request, "response");
    response.resume();
    await once(response, "end");
    agent.destroy();
    const socket = tls.connect({ port: tlsPort, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["h2"] });
    await once(socket, "secureConnect");
    const session = http2.connect(`https://127.0.0.1:${tlsPort}`, { createConnection: () => socket });
    const stream = session.request({ ":path": "/service/1" });
    stream.resume();
    await once(stream, "end");
    const closed = once(session, "close");
    socket.destroy();
    await closed;
    const reader = new StatsReader(this.node.view.stats);
    await eventually(() => reader.value("server.total_connections") === 0);
  }

  /** A text with the ports of the file in place of the real ones. */
  asCaptured(text: string): string {
    // Each once: what stands for one port may be the real one of another.
    const names = new Map(Object.values(PORTS).map((port) => [String(this.ports.get(port)), String(port)]));
    return text.replaceAll(/(?<!\d)\d{5}(?!\d)/g, (digits) => names.get(digits) ?? digits);
  }

  async stop(): Promise<void> {
    await this.node.stop();
    for (const service of this.services) await closeService(service);
  }
}
