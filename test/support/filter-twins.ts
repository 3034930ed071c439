// The real Envoy and Starling side by side with the same HTTP filters, each with an upstream of its own: what differential tests of
// filters stand on.
import { connect } from "node:http2";
import { isDeepStrictEqual } from "node:util";
import { fieldLines, GrpcUpstream } from "./grpc-upstream.ts";
import type { Program } from "./live-proxy.ts";
import { eventually } from "./nodes.ts";
import { exchange, masked } from "./raw-exchange.ts";
import { Stage } from "./stage.ts";

/** What the two are made with. */
export interface TwinOptions {
  /** Each filter's name with its typed_config, `@type` as in `envoy.extensions.filters.http.<…>`. */
  readonly filters: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** More fields of filters by name (`disabled`). */
  readonly more?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Routes; default: all to the upstream. */
  readonly routes?: readonly unknown[];
  /** More fields of the manager. */
  readonly manager?: Readonly<Record<string, unknown>>;
  readonly flags?: readonly string[];
}

/** One request over HTTP/2. */
export interface Http2Request {
  readonly path: string;
  readonly method?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

type Lines = readonly string[];
/** What counts of a program's lines. */
type StatsReader = (lines: Lines, program: Program) => Lines;

/** Both programs. */
export class FilterTwins {
  private readonly rooms: readonly Room[];

  private constructor(rooms: readonly Room[]) {
    this.rooms = rooms;
  }

  /** Starts both. */
  static async start(options: TwinOptions): Promise<FilterTwins> {
    return new FilterTwins([await Room.start("envoy", options), await Room.start("starling", options)]);
  }

  /** Bytes on a connection of their own: Envoy's answer and ours, each with what its upstream saw. */
  async raw(bytes: string): Promise<readonly [string, string]> {
    return this.both((room) => room.raw(bytes));
  }

  /** A request over HTTP/2, likewise. */
  async http2(request: Http2Request): Promise<readonly [string, string]> {
    return this.both((room) => room.http2(request));
  }

  /**
   * Counters and gauges whose names match, sorted, of both, as `read` has them. An answer may be there before what is counted of it: looks
   * until both are the same, and answers those that it saw last.
   */
  async stats(names: RegExp, read: StatsReader = (lines) => lines): Promise<readonly [Lines, Lines]> {
    const look = (): Promise<readonly [Lines, Lines]> =>
      this.both(async ({ program, stage }) => {
        const stats = [...(await stage.stats())].filter(([name]) => names.test(name));
        return read(stats.map(String).sort(), program);
      });
    let both: readonly [Lines, Lines] = [[], []];
    await eventually(async () => {
      both = await look();
      return isDeepStrictEqual(...both);
    }).catch(() => {});
    return both;
  }

  /** Posts to an admin page of both. */
  async admin(path: string): Promise<readonly [string, string]> {
    return this.both(({ stage }) => stage.admin(path, "POST"));
  }

  async stop(): Promise<void> {
    for (const room of this.rooms) await room.stop();
  }

  private async both<T>(ask: (room: Room) => Promise<T>): Promise<readonly [T, T]> {
    const [theirs, ours] = this.rooms as readonly [Room, Room];
    return [await ask(theirs), await ask(ours)];
  }
}

class Room {
  readonly program: Program;
  readonly stage: Stage;
  private readonly upstream: GrpcUpstream;

  private constructor(program: Program, stage: Stage, upstream: GrpcUpstream) {
    this.program = program;
    this.stage = stage;
    this.upstream = upstream;
  }

  static async start(program: Program, options: TwinOptions): Promise<Room> {
    const upstream = await GrpcUpstream.start();
    const routes = options.routes ?? [{ match: { prefix: "/" }, route: { cluster: "echo" } }];
    const manager = {
      route_config: { name: "local", virtual_hosts: [{ name: "all", domains: ["*"], routes }] },
      ...options.manager,
      http_filters: [...filtersOf(options), { name: "router", typed_config: { "@type": `${TYPES}router.v3.Router` } }],
    };
    const { flags = [] } = options;
    const stage = await Stage.start({ program, upstreamPort: upstream.port, upstream: "http2", manager, flags });
    return new Room(program, stage, upstream);
  }

  async raw(bytes: string): Promise<string> {
    return this.told(masked(await exchange(this.stage.port, bytes)).replaceAll("\r\n", "\n"));
  }

  async http2(request: Http2Request): Promise<string> {
    return this.told(await askHttp2(this.stage.port, request));
  }

  async stop(): Promise<void> {
    await this.stage.stop();
    await this.upstream.stop();
  }

  private told(answer: string): string {
    return masked([answer, "upstream:", ...this.upstream.requests.splice(0)].join("\n"));
  }
}

function filtersOf({ filters, more = {} }: TwinOptions): unknown[] {
  return Object.entries(filters).map(([name, { "@type": type, ...config }]) => ({
    name,
    ...more[name],
    typed_config: { "@type": TYPES + String(type), ...config },
  }));
}

function askHttp2(port: number, request: Http2Request): Promise<string> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${port}`);
    session.once("error", reject);
    const { path, method = "POST", fields = {}, body } = request;
    const stream = session.request({ ":path": path, ":method": method, ":authority": "a", ...fields });
    const said: string[] = [];
    const parts: Buffer[] = [];
    stream.on("response", (_headers, _flags, raw: string[]) => said.push(fieldLines(raw)));
    stream.on("trailers", (_headers, _flags, raw: string[]) => said.push(`trailers\n${fieldLines(raw)}`));
    stream.on("data", (bytes: Buffer) => parts.push(bytes));
    stream.on("error", (error) => said.push(`error ${error.message}`));
    stream.on("close", () => {
      session.close();
      resolve([...said, `body ${Buffer.concat(parts).toString("hex")}`].join("\n"));
    });
    stream.end(body);
  });
}

/** What filter types begin with. */
const TYPES = "type.googleapis.com/envoy.extensions.filters.http.";
