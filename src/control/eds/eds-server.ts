// The discovery services over gRPC: streams in, bytes out. Knows no endpoint and no subscription. Called by eds-actor.ts.
import {
  type handleBidiStreamingCall,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  status,
} from "@grpc/grpc-js";
import type { SocketAddressPlan } from "../../config/plan/address.ts";
import { REQUEST_BYTES_MAX } from "./limits.ts";
import type { Dialect } from "./xds.ts";

/** Hears of streams. Each has a number that no other has had; after `closed` nothing more comes of it. */
export interface EdsServerOwner {
  opened(stream: number, how: { dialect: Dialect; isAggregated: boolean; peer: string }): void;
  requested(stream: number, bytes: Uint8Array): void;
  closed(stream: number): void;
}

/** Serves EndpointDiscoveryService and AggregatedDiscoveryService, each in both variants, in cleartext. */
export class EdsServer {
  private readonly owner: EdsServerOwner;
  private readonly server: Server;
  private readonly streams = new Map<number, Call>();
  private lastStream = 0;

  constructor(owner: EdsServerOwner) {
    this.owner = owner;
    this.server = new Server(OPTIONS);
    for (const { path, dialect, isAggregated } of METHODS) {
      const handle: handleBidiStreamingCall<Uint8Array, Uint8Array> = (call) => this.take(call, dialect, isAggregated);
      this.server.addService({ stream: methodOf(path) }, { stream: handle });
    }
  }

  /** Rejects with what is wrong with the address. */
  listen({ host, port }: SocketAddressPlan): Promise<void> {
    const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
    return new Promise((resolve, reject) => {
      this.server.bindAsync(address, ServerCredentials.createInsecure(), (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  }

  /** Sends a response; `written` is called when the client's window and the kernel have taken it, never after `closed`. */
  send(stream: number, bytes: Uint8Array, written: () => void): void {
    this.streams.get(stream)?.write(bytes, () => {
      if (this.streams.has(stream)) written();
    });
  }

  /** Ends a stream with an error. */
  refuse(stream: number, code: "exhausted" | "invalid", text: string): void {
    const call = this.streams.get(stream);
    this.streams.delete(stream);
    call?.emit("error", { code: CODES[code], details: text });
  }

  /** Ends every stream as done, so that clients go elsewhere at once; the rest of the connections may take a moment. */
  close(): Promise<void> {
    for (const call of this.streams.values()) call.end();
    return new Promise((resolve) => this.server.tryShutdown(() => resolve()));
  }

  /** Ends what `close` has left. */
  destroy(): void {
    this.server.forceShutdown();
  }

  private take(call: Call, dialect: Dialect, isAggregated: boolean): void {
    const stream = ++this.lastStream;
    const gone = (): void => {
      if (this.streams.delete(stream)) this.owner.closed(stream);
    };
    this.streams.set(stream, call);
    call.on("data", (bytes: Uint8Array) => {
      if (this.streams.has(stream)) this.owner.requested(stream, bytes);
    });
    call.on("end", () => {
      gone();
      call.end();
    });
    call.on("cancelled", gone);
    call.on("error", gone);
    call.on("close", gone);
    this.owner.opened(stream, { dialect, isAggregated, peer: call.getPeer() });
  }
}

type Call = ServerDuplexStream<Uint8Array, Uint8Array>;

function methodOf(path: string): MethodDefinition<Uint8Array, Uint8Array> {
  const keep = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: keep,
    requestDeserialize: keep,
    responseSerialize: keep,
    responseDeserialize: keep,
  };
}

const EDS = "/envoy.service.endpoint.v3.EndpointDiscoveryService";
const ADS = "/envoy.service.discovery.v3.AggregatedDiscoveryService";
const METHODS = [
  { path: `${EDS}/StreamEndpoints`, dialect: "sotw", isAggregated: false },
  { path: `${EDS}/DeltaEndpoints`, dialect: "delta", isAggregated: false },
  { path: `${ADS}/StreamAggregatedResources`, dialect: "sotw", isAggregated: true },
  { path: `${ADS}/DeltaAggregatedResources`, dialect: "delta", isAggregated: true },
] as const;

const OPTIONS = {
  "grpc.max_receive_message_length": REQUEST_BYTES_MAX,
  "grpc.enable_channelz": 0,
  // A client whose machine went away is forgotten after 40 s.
  "grpc.keepalive_time_ms": 30_000,
  "grpc.keepalive_timeout_ms": 10_000,
};

const CODES = { exhausted: status.RESOURCE_EXHAUSTED, invalid: status.INVALID_ARGUMENT };
