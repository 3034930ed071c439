// The same traffic through the real Envoy and through Starling on the front proxy's file, and every counter and gauge that both have
// compared afterwards. What may differ stands in DIFFERENCES with its reason.
import assert from "node:assert/strict";
import { createServer, type Server, type ServerResponse } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import { before, describe, it } from "mocha";
import { closeService } from "../support/hello-service.ts";
import { envoyInstalled, goldenText, LiveProxy, PortMap, type Program } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { RawClient } from "../support/raw-client.ts";
import { exchange } from "../support/raw-exchange.ts";
import { isLacking } from "./lacking-stats.ts";

const ADMIN = 21101;
const FRONT = 21180;
const FRONT_TLS = 21143;
const SERVICES = [21111, 21112, 21113, 21121];
const ANY = /./;
const CHUNKED = "Transfer-Encoding: chunked\r\n";

/** What is sent, in this order. Each step begins when the one before has settled. */
const STEPS: readonly (readonly [string, (stage: Stage) => Promise<void>])[] = [
  ["twelve GETs on one connection", (stage) => stage.get(12, "/service/1")],
  ["six to the other service", (stage) => stage.get(6, "/service/2")],
  ["four paths without a route", (stage) => stage.send(4, "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n")],
  ["four HEADs", (stage) => stage.send(4, "HEAD /service/1 HTTP/1.1\r\nHost: a\r\n\r\n")],
  [
    "four POSTs with a length",
    (stage) => stage.send(4, "POST /service/2 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"),
  ],
  [
    "two chunked POSTs",
    (stage) => stage.send(2, `POST /service/1 HTTP/1.1\r\nHost: a\r\n${CHUNKED}\r\n5\r\nhello\r\n0\r\n\r\n`),
  ],
  ["four GETs that close", (stage) => stage.send(4, "GET /service/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")],
  ["four GETs over TLS", (stage) => stage.sendTls(4, "GET /service/1 HTTP/1.1\r\nHost: a\r\n\r\n")],
  ["a 500", (stage) => stage.send(1, "GET /service/1/status/500 HTTP/1.1\r\nHost: a\r\n\r\n")],
  ["a 302", (stage) => stage.send(1, "GET /service/1/status/302 HTTP/1.1\r\nHost: a\r\n\r\n")],
  ["what is not HTTP", (stage) => stage.send(1, "HELO a\r\n\r\n")],
  ["HTTP/1.0", (stage) => stage.send(1, "GET /service/1 HTTP/1.0\r\nHost: a\r\n\r\n")],
  ["no Host", (stage) => stage.send(1, "GET /service/1 HTTP/1.1\r\n\r\n")],
  ["a client that goes away", (stage) => stage.abort()],
  ["an upstream that breaks off in its answer", (stage) => stage.breakOff()],
  [
    "an upstream that breaks off before its answer to a POST",
    (stage) => stage.send(1, "POST /service/1/break/early HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"),
  ],
  ["four HTTP/2 streams one after the other", (stage) => stage.http2(4, { ":path": "/service/1" })],
  ["four HTTP/2 streams at once", (stage) => stage.http2AtOnce(4, { ":path": "/service/2" })],
  ["an HTTP/2 stream without a route", (stage) => stage.http2(1, { ":path": "/nothing" })],
  [
    "an HTTP/2 POST",
    (stage) => stage.http2(1, { ":path": "/service/1", ":method": "POST", "content-length": "5" }, "hello"),
  ],
  ["an HTTP/2 stream that is reset", (stage) => stage.resetHttp2()],
  ["the end of the HTTP/2 connection", (stage) => stage.endHttp2()],
  ["a service that stops", (stage) => stage.stopService()],
  ["three refused requests", (stage) => stage.send(3, "GET /service/2 HTTP/1.1\r\nHost: a\r\n\r\n")],
  ["the end of the kept connection", (stage) => stage.endKept()],
];

describe("counters of the same sixty requests, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  let envoy: Numbers[] = [];
  let starling: Numbers[] = [];

  before(async function () {
    if (!envoyInstalled()) this.skip();
    envoy = await countedBy("envoy");
    starling = await countedBy("starling");
  });

  for (const [index, [title]] of STEPS.entries()) {
    it(`move alike with ${title}`, () => {
      const theirs = moved(envoy, index);
      const ours = moved(starling, index);
      const both = [...(envoy[index + 1]?.keys() ?? [])].filter((name) => starling[index + 1]?.has(name) === true);
      const gap = (name: string): number => Math.abs((theirs.get(name) ?? 0) - (ours.get(name) ?? 0));
      const different = both.filter((name) => gap(name) > allowedGap(name) && !mayDiffer(name, title));
      const shown = different.map((name) => `${name}: Envoy ${theirs.get(name) ?? 0}, Starling ${ours.get(name) ?? 0}`);
      assert.deepEqual(shown, []);
      assert.ok(theirs.size > 0, "something moved");
    });
  }

  it("are all of Envoy's that are not listed as lacking", () => {
    const names = [...(envoy.at(-1)?.keys() ?? [])];
    assert.ok(names.length > 300);
    assert.deepEqual(
      names.filter((name) => starling.at(-1)?.has(name) !== true && !isLacking(name)),
      [],
    );
  });

  it("are no others than Envoy's", () => {
    assert.deepEqual(
      [...(starling.at(-1)?.keys() ?? [])].filter((name) => envoy.at(-1)?.has(name) !== true),
      [],
    );
  });
});

/** Numbers that may differ. */
const DIFFERENCES: readonly { readonly names: RegExp; readonly steps: RegExp; readonly why: string }[] = [
  { steps: ANY, names: /[rt]x_bytes_buffered$/, why: "Envoy shows the capacity of buffers it keeps" },
  {
    steps: ANY,
    names: /update_(attempt|no_rebuild|success)$/,
    why: "names are looked up every five seconds, whatever the traffic",
  },
  {
    steps: /HTTP\/2/,
    names: /ingress_http[.]downstream_cx_[rt]x_bytes_total$/,
    why: "SETTINGS, WINDOW_UPDATE and the HPACK table are each program's own, and Starling ends with a client's GOAWAY",
  },
];

function mayDiffer(name: string, step: string): boolean {
  return DIFFERENCES.some(({ names, steps }) => names.test(name) && steps.test(step));
}

/** x-envoy-upstream-service-time has as many digits as the time: two more for each of a step's twelve answers at most. */
function allowedGap(name: string): number {
  return name.endsWith("ingress_http.downstream_cx_tx_bytes_total") ? 24 : 0;
}

/** Counters and gauges by name. */
type Numbers = ReadonlyMap<string, number>;

/** Drives the traffic through a program; its numbers before the first step and after each. */
async function countedBy(program: Program): Promise<Numbers[]> {
  const stage = await Stage.start(program);
  try {
    const numbers = [await stage.settled()];
    for (const [, step] of STEPS) {
      await step(stage);
      numbers.push(await stage.settled());
    }
    return numbers;
  } finally {
    await stage.stop();
  }
}

/** By how much each number moved in a step. */
function moved(numbers: readonly Numbers[], step: number): Numbers {
  const [before, after] = [numbers[step], numbers[step + 1]];
  const changes = [...(after ?? [])].map(([name, value]) => [name, value - (before?.get(name) ?? 0)] as const);
  return new Map(changes.filter(([, change]) => change !== 0));
}

/** A front proxy on its file, services behind it, and the clients of the steps. */
class Stage {
  private readonly ports = new PortMap();
  private readonly services: Service[] = [];
  private proxy: LiveProxy | null = null;
  private kept: RawClient | null = null;
  private session: ClientHttp2Session | null = null;

  static async start(program: Program): Promise<Stage> {
    const stage = new Stage();
    const { ports } = stage;
    await ports.take(ADMIN, FRONT, FRONT_TLS, ...SERVICES);
    for (const port of SERVICES) stage.services.push(await Service.start(ports.get(port)));
    const yaml = ports.apply(goldenText("envoy/front-proxy.front-envoy-scaled3.yaml"));
    stage.proxy = await LiveProxy.start(program, yaml, ports.get(ADMIN));
    return stage;
  }

  async stop(): Promise<void> {
    this.kept?.end();
    this.session?.destroy();
    await this.proxy?.stop();
    await Promise.all(this.services.map((service) => service.stop()));
  }

  /** The numbers once nothing is under way, nobody is connected but who stays, and they stand still. */
  async settled(): Promise<Numbers> {
    await eventually(async () => this.isIdle(numbersOf(await this.stats())));
    let before = "";
    let now = await this.stats();
    for (let still = 0; still < 3; still = now === before ? still + 1 : 0) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      before = now;
      now = await this.stats();
    }
    return numbersOf(now);
  }

  /** Requests on the one connection that is kept. */
  async get(times: number, path: string): Promise<void> {
    this.kept ??= await RawClient.open(this.ports.get(FRONT));
    for (let i = 0; i < times; i++) assert.match(await this.kept.get(path), /^HTTP\/1.1 200/);
  }

  /** Each on a connection of its own. */
  async send(times: number, request: string): Promise<void> {
    for (let i = 0; i < times; i++) await exchange(this.ports.get(FRONT), request);
  }

  async sendTls(times: number, request: string): Promise<void> {
    for (let i = 0; i < times; i++) await exchange(this.ports.get(FRONT_TLS), request, { tls: true });
  }

  /** A client goes away while its request is held. */
  async abort(): Promise<void> {
    const client = await RawClient.open(this.ports.get(FRONT));
    client.socket.write("GET /service/1/hold HTTP/1.1\r\nHost: a\r\n\r\n");
    await this.holds(1);
    client.end();
    await this.holds(0);
  }

  /** The client leaves as soon as the answer has broken off, before Envoy, which waits for that, gives it up (delayed_close_timeout: 1 s). */
  async breakOff(): Promise<void> {
    const broken = async (): Promise<number> =>
      total(numbersOf(await this.stats()), /upstream_cx_destroy_with_active_rq$/);
    const before = await broken();
    const client = await RawClient.open(this.ports.get(FRONT));
    client.socket.write("GET /service/1/break/late HTTP/1.1\r\nHost: a\r\n\r\n");
    await eventually(async () => (await broken()) > before);
    client.end();
  }

  async http2(times: number, headers: Readonly<Record<string, string>>, body: string = ""): Promise<void> {
    for (let i = 0; i < times; i++) await this.ask(headers, body);
  }

  async http2AtOnce(times: number, headers: Readonly<Record<string, string>>): Promise<void> {
    await Promise.all(Array.from({ length: times }, () => this.ask(headers, "")));
  }

  async resetHttp2(): Promise<void> {
    const stream = this.http2Session().request({ ":path": "/service/1/hold" });
    stream.on("error", () => {});
    await this.holds(1);
    stream.close(constants.NGHTTP2_CANCEL);
    await this.holds(0);
  }

  endHttp2(): Promise<void> {
    return new Promise((resolve) => this.http2Session().close(resolve));
  }

  async stopService(): Promise<void> {
    await this.services.at(-1)?.stop();
  }

  endKept(): Promise<void> {
    this.kept?.end();
    return Promise.resolve();
  }

  private async stats(): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${this.ports.get(ADMIN)}/stats?filter=${OF_HOUSE.source}`);
    return this.ports.hide(await answer.text(), [ADMIN, FRONT, FRONT_TLS, ...SERVICES]);
  }

  private isIdle(numbers: Numbers): boolean {
    const clients = [this.kept?.socket, this.session].filter((one) => one?.destroyed === false);
    const connections = this.services.reduce((all, { open }) => all + open, 0);
    return (
      total(numbers, /_rq_(pending_)?active$/) === 0 &&
      total(numbers, /^http[.]ingress_http[.]downstream_cx_active$/) === clients.length &&
      total(numbers, /^cluster[.].*[.]upstream_cx_active$/) === connections
    );
  }

  private holds(count: number): Promise<void> {
    return eventually(() => this.services.reduce((sum, { held }) => sum + held.length, 0) === count);
  }

  private http2Session(): ClientHttp2Session {
    this.session ??= connectHttp2(`http://127.0.0.1:${this.ports.get(FRONT)}`);
    return this.session;
  }

  private ask(headers: Readonly<Record<string, string>>, body: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const stream = this.http2Session().request(headers, { endStream: body === "" });
      stream.on("error", reject);
      stream.on("close", resolve);
      stream.resume();
      if (body !== "") stream.end(body);
    });
  }
}

/** The sum of those of such names. */
function total(numbers: Numbers, names: RegExp): number {
  return [...numbers].reduce((sum, [name, value]) => (names.test(name) ? sum + value : sum), 0);
}

function numbersOf(stats: string): Numbers {
  const lines = [...stats.matchAll(/^(\S+): (\d+)$/gm)].map(([, name = "", value]) => [name, Number(value)] as const);
  return new Map(lines);
}

const OF_HOUSE = /^(cluster[.]service|http[.]ingress_http[.]|listener[.]127|http1[.]|http2[.])/;

/** A service that answers as its path says. */
class Service {
  /** Requests that are not to be answered and whose client is there. */
  readonly held: ServerResponse[] = [];
  /** Connections to it. */
  open: number = 0;
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const url = request.url ?? "";
      request.resume();
      request.on("end", () => this.answer(url, response));
    });
    this.server.on("connection", (socket) => {
      this.open++;
      socket.on("close", () => this.open--);
    });
    this.server.keepAliveTimeout = 60_000;
  }

  static start(port: number): Promise<Service> {
    const service = new Service();
    return new Promise((resolve, reject) => {
      service.server.once("error", reject);
      service.server.listen(port, "127.0.0.1", () => resolve(service));
    });
  }

  async stop(): Promise<void> {
    if (this.server.listening) await closeService(this.server);
  }

  private answer(url: string, response: ServerResponse): void {
    if (url.endsWith("/hold")) {
      this.held.push(response);
      response.on("close", () => this.held.splice(this.held.indexOf(response), 1));
      return;
    }
    if (url.endsWith("/early")) {
      response.socket?.end();
      return;
    }
    const status = Number(/status\/(\d+)/.exec(url)?.[1] ?? 200);
    const isLate = url.endsWith("/late");
    response.writeHead(status, { "content-length": isLate ? 10 : 3 });
    if (isLate) response.write("ok\n", () => response.socket?.end());
    else response.end("ok\n");
  }
}
