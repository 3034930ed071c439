// A prober on this thread's own loop, and endpoints of loopback sockets that say what a test tells them to.
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { ClusterPlan } from "../../src/config/plan/cluster.ts";
import type { EndpointFacts } from "../../src/config/plan/endpoint-set.ts";
import type { HealthCheckPlan } from "../../src/config/plan/health-check.ts";
import type { Probe, ProbeOutcome, Prober, ProbeTarget } from "../../src/control/health/probe.ts";
import { createProber, type ProberOptions } from "../../src/control/health/prober/prober.ts";
import { createNetContext, type NetContext } from "../../src/net/net-context.ts";
import { clusterPlan, endpoint } from "./cluster-plans.ts";

/** Where a probe goes: a port, and what came to it. */
export interface Door {
  readonly port: number;
  /** What each question was, as latin1; a question is what comes in one piece. */
  readonly requests: string[];
  /** Connections so far. */
  connections: number;
  /** Those that are open. */
  readonly open: Set<Socket>;
  /** Resolves when none is open. */
  empty(): Promise<void>;
}

/** What an endpoint does with a connection; `data` listeners of its own. */
export type Manners = (socket: Socket, connection: number) => void;

/** Ends everything that it made. */
export class ProbeBench {
  readonly bugs: unknown[] = [];
  readonly net: NetContext;
  readonly prober: Prober;
  private readonly servers: Server[] = [];
  private readonly doors: Door[] = [];

  constructor(options: ProberOptions = {}, net?: NetContext) {
    this.net = net ?? createNetContext({ onBug: (error) => this.bugs.push(error) });
    this.prober = createProber(this.net, options);
  }

  /** An endpoint that answers each question with the next of these bytes, the last one again and again. */
  answering(...answers: (string | Uint8Array)[]): Promise<Door> {
    let asked = 0;
    return this.behaving((socket) => {
      socket.on("data", () => {
        const answer = answers[Math.min(asked++, answers.length - 1)] as string | Uint8Array;
        socket.write(typeof answer === "string" ? Buffer.from(answer, "latin1") : answer);
      });
    });
  }

  /** An endpoint with manners of its own. */
  async behaving(manners: Manners): Promise<Door> {
    const server = createServer({ allowHalfOpen: true });
    const door = await this.serving(server);
    server.on("connection", (socket: Socket) => {
      socket.on("end", () => socket.end());
      socket.on("data", (chunk) => door.requests.push(chunk.toString("latin1")));
      manners(socket, door.connections);
    });
    return door;
  }

  /** An endpoint that is a server of Node's; what comes to it is not recorded. */
  async serving(server: Server): Promise<Door> {
    const door: Door = { port: 0, requests: [], connections: 0, open: new Set(), empty: () => allClosed(door.open) };
    server.on("connection", (socket: Socket) => {
      door.connections++;
      door.open.add(socket);
      socket.on("close", () => door.open.delete(socket));
      socket.on("error", () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    Object.assign(door, { port: (server.address() as AddressInfo).port });
    this.servers.push(server);
    this.doors.push(door);
    return door;
  }

  /** A port where nobody listens. */
  async closedPort(): Promise<Door> {
    const door = await this.behaving(() => {});
    const server = this.servers.pop() as Server;
    await new Promise((resolve) => server.close(resolve));
    return door;
  }

  /** A probe that says its outcomes one by one. */
  create(
    door: Door,
    check: HealthCheckPlan,
    more: { readonly cluster?: Partial<ClusterPlan>; readonly endpoint?: Partial<EndpointFacts> } = {},
  ): AskedProbe {
    const facts: EndpointFacts = { ...endpoint(door.port), slot: 0, ...more.endpoint };
    const cluster = clusterPlan("backend", [], more.cluster);
    return this.createFor({ cluster, endpoint: facts, check });
  }

  /** The same for a whole target. */
  createFor(target: ProbeTarget): AskedProbe {
    return new AskedProbe(this.prober, target);
  }

  /** One probe of a fresh target. */
  probe(door: Door, check: HealthCheckPlan, more: Parameters<ProbeBench["create"]>[2] = {}): Promise<ProbeOutcome> {
    return this.create(door, check, more).ask();
  }

  /** Ends prober and endpoints, and waits until every socket is gone. */
  async end(): Promise<void> {
    this.prober.close();
    for (const door of this.doors) {
      for (const socket of door.open) socket.destroy();
      await door.empty();
    }
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))));
    if (this.bugs.length > 0) throw this.bugs[0];
  }
}

/** A probe whose outcomes are promises. */
export class AskedProbe {
  private readonly probe: Probe;
  private answer: (outcome: ProbeOutcome) => void = () => {};
  /** Outcomes so far. */
  outcomes: number = 0;

  constructor(prober: Prober, target: ProbeTarget) {
    this.probe = prober.create(target, (outcome) => {
      this.outcomes++;
      this.answer(outcome);
    });
  }

  /** Starts one and waits for its outcome. */
  ask(): Promise<ProbeOutcome> {
    return new Promise((resolve) => {
      this.answer = resolve;
      this.probe.start();
    });
  }

  /** Starts one without waiting. */
  start(): void {
    this.probe.start();
  }

  close(): void {
    this.probe.close();
  }
}

async function allClosed(sockets: ReadonlySet<Socket>): Promise<void> {
  await Promise.all([...sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve))));
}
