// A discovery server of one runtime layer for tests: says what it is told to, over each of the four methods, and keeps what clients say.
import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import type { JsonValue } from "../../src/config/load/checked.ts";
import { loadJsonValue, loadWireMessage } from "../../src/config/load/load-wire.ts";
import { toProtoJson } from "../../src/config/load/to-proto-json.ts";
import { toWire } from "../../src/config/load/write-wire.ts";
import { bytesMethod } from "../../src/control/grpc/bidi-server.ts";

/** A request as it came, in proto3's JSON form. */
export type RtdsRequest = Readonly<Record<string, JsonValue>>;

/** A listening one. */
export class RtdsServer {
  readonly requests: RtdsRequest[] = [];
  /** Paths of the streams that were opened. */
  readonly paths: string[] = [];
  port = 0;
  private readonly server: Server = new Server();
  private streams: { readonly call: Call; readonly dialect: Dialect }[] = [];
  private held: Held | null = null;
  private nonce = 0;

  /** `held`: what it says at once; null: nothing until `say`. */
  static async start(held: Held | null): Promise<RtdsServer> {
    const server = new RtdsServer();
    server.held = held;
    for (const [path, dialect] of METHODS) {
      const accept = (call: Call): void => server.accept(call, path, dialect);
      server.server.addService({ stream: bytesMethod(path) }, { stream: accept });
    }
    server.port = await new Promise<number>((resolve, reject) => {
      server.server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
    return server;
  }

  /** Says this to every stream, and to each that comes. */
  say(held: Held): void {
    this.held = held;
    for (const { call, dialect } of this.streams) call.write(this.response(held, dialect));
  }

  /** Ends every stream; clients come again. */
  hangUp(): void {
    for (const { call } of this.streams) call.end();
    this.streams = [];
  }

  close(): void {
    this.server.forceShutdown();
  }

  private accept(call: Call, path: string, dialect: Dialect): void {
    this.paths.push(path);
    call.on("error", () => {});
    call.on("data", (bytes: Uint8Array) => {
      const { message } = loadWireMessage(bytes, REQUESTS[dialect], "a client");
      const request = message === null ? {} : toProtoJson(message);
      // Of other types nobody is served here.
      if (!String(request["type_url"] ?? TYPE).endsWith(TYPE)) return;
      this.requests.push(request);
      const isFirst = !this.streams.some((one) => one.call === call);
      if (!isFirst) return;
      this.streams.push({ call, dialect });
      if (this.held !== null) call.write(this.response(this.held, dialect));
    });
  }

  private response({ name, version, layer }: Held, dialect: Dialect): Uint8Array {
    const runtime = { "@type": `type.googleapis.com/${TYPE}`, name, layer };
    const common = { type_url: `type.googleapis.com/${TYPE}`, nonce: `n${++this.nonce}` };
    const body: JsonValue =
      dialect === "sotw"
        ? { ...common, version_info: version, resources: [runtime] }
        : { ...common, system_version_info: version, resources: [{ name, version, resource: runtime }] };
    const { message, errors } = loadJsonValue(body, RESPONSES[dialect], "test");
    if (message === null) throw new Error(JSON.stringify(errors));
    return toWire(message);
  }
}

/** A resource as it is told. */
export interface Held {
  readonly name: string;
  readonly version: string;
  readonly layer: JsonValue;
}

type Call = ServerDuplexStream<Uint8Array, Uint8Array>;
type Dialect = "sotw" | "delta";

const TYPE = "envoy.service.runtime.v3.Runtime";
const METHODS: readonly (readonly [string, Dialect])[] = [
  ["/envoy.service.runtime.v3.RuntimeDiscoveryService/StreamRuntime", "sotw"],
  ["/envoy.service.runtime.v3.RuntimeDiscoveryService/DeltaRuntime", "delta"],
  ["/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources", "sotw"],
  ["/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources", "delta"],
];
const REQUESTS = {
  sotw: "envoy.service.discovery.v3.DiscoveryRequest",
  delta: "envoy.service.discovery.v3.DeltaDiscoveryRequest",
};
const RESPONSES = {
  sotw: "envoy.service.discovery.v3.DiscoveryResponse",
  delta: "envoy.service.discovery.v3.DeltaDiscoveryResponse",
};
