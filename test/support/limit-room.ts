// A proxy with a listener and a cluster of its own for each case about connections, what the case's client saw, and what was counted.
import { connect } from "node:net";
import { isLacking } from "../differential/lacking-stats.ts";
import { FrameTexts, frame, GET } from "../protocol/h2/support/frame.ts";
import { endpointAt, socketAddress, staticCluster } from "./file-parts.ts";
import { FrameSocket } from "./frame-socket.ts";
import { FrameUpstream } from "./frame-upstream.ts";
import { freePort, LiveProxy, type Program } from "./live-proxy.ts";
import { LyingUpstream } from "./lying-upstream.ts";
import { eventually } from "./nodes.ts";
import { managerFilter } from "./proxy-file.ts";
import { masked } from "./raw-exchange.ts";

/** One connection's case. */
export interface LimitCase {
  /** stat_prefix of its manager and name of its cluster. */
  readonly name: string;
  /** More fields of the manager. */
  readonly manager?: Readonly<Record<string, unknown>>;
  /** HttpProtocolOptions of the cluster. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** `mute`: HTTP/2 that answers requests and no PING. Default http1. */
  readonly upstream?: "http1" | "http2" | "mute";
  /** What it saw. `untilGone` waits until its cluster has no connection any more. */
  readonly client: (port: number, untilGone: () => Promise<void>) => Promise<readonly string[]>;
}

/** A client's step: it waits until its connection is over, as it is to be. */
export const OVER: unique symbol = Symbol("over");
/** A client's step: it waits until no connection to the upstream is left. */
export const GONE: unique symbol = Symbol("gone");
/** A client's step: it waits for a second PING, which says that the answer to the first one was heard. */
export const PINGED_TWICE: unique symbol = Symbol("pinged twice");

/** What came of a case. */
export interface LimitOutcome {
  readonly seen: readonly string[];
  /** Counters that are not 0. */
  readonly counted: readonly string[];
}

/** Runs all cases through one program, some at once; outcomes by name, and the codec's counts of all clients together as `""`. */
export async function limitOutcomes(
  program: Program,
  cases: readonly LimitCase[],
): Promise<ReadonlyMap<string, LimitOutcome>> {
  const servers = {
    http1: await LyingUpstream.start("http1"),
    http2: await LyingUpstream.start("http2"),
    mute: await FrameUpstream.start(),
  };
  const adminPort = await freePort();
  const ports: number[] = [];
  const all = [...cases, { name: "warm", client: http1() }];
  for (const _ of all) ports.push(await freePort([adminPort, ...ports]));
  const portOf = (one: LimitCase): number => servers[one.upstream ?? "http1"].port;
  const proxy = await LiveProxy.start(program, JSON.stringify(fileOf(all, ports, adminPort, portOf)), adminPort);
  try {
    await warmUp(ports[cases.length] as number);
    const page = async (filter: string): Promise<string> =>
      (await fetch(`http://127.0.0.1:${adminPort}/stats?filter=${filter}`)).text();
    const untilGone = (name: string) => (): Promise<void> =>
      eventually(async () => (await page(`^cluster\\.${name}\\.upstream_cx_active$`)).endsWith(": 0\n"));
    const seen: (readonly string[])[] = [];
    while (seen.length < cases.length) {
      const some = cases.slice(seen.length, seen.length + AT_ONCE);
      const clients = some.map(({ name, client }, i) => client(ports[seen.length + i] as number, untilGone(name)));
      seen.push(...(await Promise.all(clients)));
    }
    await eventually(async () => !UNDER_WAY.test(await page(""))); // the last connections end on both sides
    const stats = await page("");
    const outcomes = cases.map(({ name }, i): [string, LimitOutcome] => [
      name,
      { seen: (seen[i] ?? []).map(masked), counted: countersOf(stats, `(http|cluster)\\.${name}\\.`) },
    ]);
    return new Map([...outcomes, ["", { seen: [], counted: countersOf(stats, "http[12]\\.") }]]);
  } finally {
    await proxy.stop();
    await Promise.all(Object.values(servers).map((server) => server.stop()));
  }
}

/** Times are short here: what a program does once for the first of all requests is done before. */
async function warmUp(port: number): Promise<void> {
  const nothing = (): Promise<void> => Promise.resolve();
  for (let i = 0; i < 5; i++) {
    await http1("GET / HTTP/1.1\r\nhost: a")(port, nothing);
    await http2([[]])(port, nothing);
  }
}

/**
 * An HTTP/1.1 client: a step is a request, which is answered or ends the connection, a pause in ms in which nothing is to happen, or what
 * is waited for. It ends what is said to be closed.
 */
export function http1(...steps: readonly (string | number | typeof OVER | typeof GONE)[]): LimitCase["client"] {
  return async (port, untilGone) => {
    const socket = connect(port, "127.0.0.1");
    const seen: string[] = [];
    let text = "";
    let isOver = false;
    socket.on("close", () => {
      isOver = true;
    });
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
    });
    for (const step of steps) {
      if (typeof step === "string") socket.write(`${step}\r\n\r\n`, "latin1");
      if (typeof step === "string") await until(() => isOver || isWhole(text));
      else if (step === GONE) await untilGone();
      else await until(() => isOver, step === OVER ? PATIENCE_MS : step);
      if (text.includes("connection: close")) socket.end();
      seen.push(text.replaceAll("\r\n", "\n"));
      text = "";
    }
    seen.push(isOver ? "closed" : "left open");
    socket.destroy();
    return seen.filter((one) => one !== "");
  };
}

/** An HTTP/2 client: a step is the fields of a request besides GET's, a pause, or what is waited for. It answers PING only where it `pongs`. */
export function http2(
  steps: readonly (number | typeof OVER | typeof PINGED_TWICE | readonly (readonly [string, string])[])[],
  how: { readonly pongs?: boolean } = {},
): LimitCase["client"] {
  return async (port) => {
    const connection = await FrameSocket.open(port);
    const texts = new FrameTexts();
    const seen: string[] = [];
    let stream = -1;
    const isDone = (): boolean =>
      connection.isClosed ||
      seen.some((text) => new RegExp(`^(RST_STREAM ${stream} |\\w+ ${stream} .*end)`).test(text));
    connection.onFrame = (read) => {
      const isAck = (read.flags & 1) !== 0;
      if (read.type === "SETTINGS" && !isAck) connection.send(frame.settingsAck());
      if (read.type === "PING" && !isAck && how.pongs === true) connection.send(frame.any(PING, 1, 0, read.payload));
      seen.push(texts.text(read));
    };
    for (const step of steps) {
      if (step === PINGED_TWICE) await until(() => seen.filter((text) => text.startsWith("PING ")).length > 1);
      else if (step === OVER) await until(() => connection.isClosed);
      else if (typeof step === "number") await until(() => connection.isClosed, step);
      else {
        stream += 2;
        connection.send(frame.headers({ stream, fields: [...GET, ...step], end: true }));
        await until(isDone);
      }
    }
    const end = connection.isClosed ? "closed" : "left open";
    connection.end();
    return [
      ...seen.filter((text) => !/^(SETTINGS|WINDOW_UPDATE)|DATA \d+ 0 bytes end/.test(text)).map(withoutTimes),
      end,
    ];
  };
}

/** Where a body ends, and when it was sent, is not what this is about. */
function withoutTimes(text: string): string {
  return text
    .replace(/^PING \d+/, "PING")
    .replace(/ bytes end$/, " bytes")
    .replace(/( date=).* GMT/, "$1<date>")
    .replace(/(service-time=)\d+/, "$1<ms>");
}

async function until(met: () => boolean, ms: number = PATIENCE_MS): Promise<void> {
  for (const endMs = performance.now() + ms; performance.now() < endMs && !met(); )
    await new Promise((resolve) => setTimeout(resolve, 10));
}

function isWhole(text: string): boolean {
  const [head = "", body] = text.split("\r\n\r\n", 2);
  if (/transfer-encoding: chunked/.test(head)) return text.endsWith("\r\n0\r\n\r\n");
  return body !== undefined && body.length >= Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0);
}

/** Cases that run side by side. */
const AT_ONCE = 8;
/** How long a client waits for what is to come before its next step. */
const PATIENCE_MS = 10_000;
const PING = 6;

function countersOf(stats: string, prefix: string): string[] {
  const lines = stats.split("\n").filter((line) => new RegExp(`^${prefix}.*: [1-9]\\d*$`).test(line));
  return lines.filter((line) => !LEFT_OUT.test(line) && !isLacking(line.split(": ", 1)[0] ?? "")).toSorted();
}

function fileOf(
  cases: readonly LimitCase[],
  ports: readonly number[],
  adminPort: number,
  portOf: (one: LimitCase) => number,
): unknown {
  const route = (cluster: string): unknown => ({ match: { prefix: "/" }, route: { cluster } });
  return {
    admin: { address: socketAddress(adminPort) },
    static_resources: {
      listeners: cases.map(({ name, manager = {} }, i) => {
        const routes = { name: "local", virtual_hosts: [{ name: "all", domains: ["*"], routes: [route(name)] }] };
        const fields = { stat_prefix: name, generate_request_id: false, route_config: routes, ...manager };
        return {
          name,
          address: socketAddress(ports[i] as number),
          filter_chains: [{ filters: [managerFilter(fields)] }],
        };
      }),
      clusters: cases.map((one) => ({
        ...staticCluster(one.name, endpointAt(portOf(one))),
        typed_extension_protocol_options: {
          [OPTIONS]: {
            "@type": `type.googleapis.com/${OPTIONS}`,
            explicit_http_config:
              one.upstream === undefined || one.upstream === "http1"
                ? { http_protocol_options: {} }
                : { http2_protocol_options: {} },
            ...one.options,
          },
        },
      })),
    },
  };
}

/** A connection or request of a client, the admin server's apart, or a request to an upstream. */
const UNDER_WAY =
  /^(http\.(?!admin\.).*\.downstream_(cx|rq)_active|cluster\..*\.upstream_rq_(pending_)?active): [1-9]/m;
const OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/** Bytes and times, gauges of what is still open, and names that only one of both programs has. */
const LEFT_OUT =
  /_(bytes_total|bytes_buffered|time|ms|active): |warming|\.lb_|membership|max_host_weight|update_|version|total_match|circuit_breakers/;
