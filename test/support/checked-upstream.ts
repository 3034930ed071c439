// An upstream whose health a test decides: it answers probes and requests apart, and counts both.
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { systemClock } from "../../src/base/clock.ts";
import { closeService } from "./hello-service.ts";

/** How probes are answered. `hold`: not before `release`. */
export type ProbeAnswer = 200 | 503 | "hold";

/** The upstream; requests are answered with its name. */
export class CheckedUpstream {
  readonly name: string;
  port: number = 0;
  /** Answer to every probe from now on. */
  answer: ProbeAnswer;
  /** Whether answers to requests carry x-envoy-immediate-health-check-fail. */
  wantsOut: boolean = false;
  probes: number = 0;
  /** Ports that probes came from: connections of probers. */
  readonly probers: Set<number> = new Set();
  /** The longest time between two probes. */
  longestGapMs: number = 0;
  private probedMs = 0;
  requests: number = 0;
  /** Sees every probe with its connection; one that it says false to gets no answer and is not counted. */
  gate: (socket: Socket) => boolean = () => true;
  private readonly server: Server;
  private readonly held: ServerResponse[] = [];

  private constructor(name: string, answer: ProbeAnswer) {
    this.name = name;
    this.answer = answer;
    this.server = createServer((request, response) => {
      if (request.headers["user-agent"] === "Envoy/HC") {
        if (!this.gate(request.socket)) return;
        this.noteProbe(request.socket.remotePort ?? 0);
        this.answerProbe(response);
      } else this.answerRequest(response);
    });
    this.server.keepAliveTimeout = 60_000;
  }

  /** Listens on a free port, or on this one. */
  static async start(name: string, answer: ProbeAnswer = 200, port: number = 0): Promise<CheckedUpstream> {
    const upstream = new CheckedUpstream(name, answer);
    await upstream.listen(port);
    return upstream;
  }

  /** Listens again after a stop. */
  listen(port: number = this.port): Promise<void> {
    return new Promise((resolve) => {
      this.server.listen(port, "127.0.0.1", () => {
        this.port = (this.server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  /** Answers the probes that were held, and all after them, with this. */
  release(status: 200 | 503): void {
    this.answer = status;
    for (const response of this.held.splice(0)) response.writeHead(status).end();
  }

  /** Counts probes and where they come from anew. */
  forgetProbes(): void {
    this.probes = 0;
    this.probers.clear();
    this.longestGapMs = 0;
    this.probedMs = systemClock.nowMs();
  }

  /** Ends it with its connections. */
  stop(): Promise<void> {
    return closeService(this.server);
  }

  private noteProbe(port: number): void {
    const nowMs = systemClock.nowMs();
    this.probers.add(port);
    this.longestGapMs = Math.max(this.longestGapMs, nowMs - this.probedMs);
    this.probedMs = nowMs;
  }

  private answerProbe(response: ServerResponse): void {
    this.probes++;
    if (this.answer === "hold") this.held.push(response);
    else response.writeHead(this.answer).end();
  }

  private answerRequest(response: ServerResponse): void {
    this.requests++;
    if (this.wantsOut) response.setHeader("x-envoy-immediate-health-check-fail", "true");
    response.setHeader("content-length", this.name.length);
    response.end(this.name);
  }
}
