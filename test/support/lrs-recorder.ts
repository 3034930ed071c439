// A load-report server that says only what a test tells it to, over gRPC's own library, and keeps every message as proto3 JSON.
import {
  type handleBidiStreamingCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
} from "@grpc/grpc-js";
import type { JsonValue } from "../../src/config/load/checked.ts";
import { loadJsonValue, loadWireMessage } from "../../src/config/load/load-wire.ts";
import { toProtoJson } from "../../src/config/load/to-proto-json.ts";
import { toWire } from "../../src/config/load/write-wire.ts";
import { bytesMethod } from "../../src/control/grpc/bidi-server.ts";
import { LRS_METHOD } from "../../src/control/load/server/read-message.ts";

/** A LoadStatsRequest, names as in the .proto files. */
export interface LrsRequest {
  readonly node?: {
    readonly id?: string;
    readonly cluster?: string;
    readonly metadata?: Readonly<Record<string, JsonValue>>;
    readonly locality?: JsonValue;
    readonly client_features?: readonly string[];
  };
  readonly cluster_stats?: readonly LrsClusterStats[];
}

/** A ClusterStats; counts are texts, as proto3 JSON has them. */
export interface LrsClusterStats {
  readonly cluster_name: string;
  readonly upstream_locality_stats?: readonly LrsCounts[];
  readonly total_dropped_requests?: string;
  readonly dropped_requests?: readonly { readonly category: string; readonly dropped_count: string }[];
  readonly load_report_interval?: string;
}

/** Counts of a locality or of an endpoint. */
export interface LrsCounts {
  readonly locality?: { readonly region?: string; readonly zone?: string; readonly sub_zone?: string };
  readonly priority?: number;
  readonly address?: JsonValue;
  readonly total_successful_requests?: string;
  readonly total_error_requests?: string;
  readonly total_issued_requests?: string;
  readonly total_requests_in_progress?: string;
  readonly upstream_endpoint_stats?: readonly LrsCounts[];
}

/** A LoadStatsResponse. */
export interface LrsAsk {
  readonly clusters?: readonly string[];
  readonly send_all_clusters?: boolean;
  readonly load_reporting_interval: string;
  readonly report_endpoint_granularity?: boolean;
}

/** The server. */
export class LrsRecorder {
  /** Every message of every stream, in order. */
  readonly messages: LrsRequest[] = [];
  /** Headers of every stream. */
  readonly headers: Record<string, unknown>[] = [];
  /** Whether what comes is read. */
  isReading: boolean = true;
  port: number = 0;
  /** Called with every stream. */
  onStream: (recorder: LrsRecorder) => void = () => {};
  private server = new Server();
  private streams = new Set<Call>();
  private last: Uint8Array = new Uint8Array(0);
  private readonly acknowledges: boolean;

  /** `acknowledges`: it says that it is one of ours, and answers each report with what it asked last. */
  constructor(acknowledges = false) {
    this.acknowledges = acknowledges;
  }

  /** Starts on this port, or on one of its choice. */
  async listen(port: number = 0, credentials: ServerCredentials = ServerCredentials.createInsecure()): Promise<void> {
    this.server = new Server({ "grpc.max_receive_message_length": 64 << 20 });
    const method = bytesMethod(LRS_METHOD);
    const handle: handleBidiStreamingCall<Uint8Array, Uint8Array> = (call) => this.take(call);
    this.server.addService({ stream: method }, { stream: handle });
    this.port = await new Promise((resolve, reject) => {
      this.server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
  }

  /** Asks every stream. */
  ask(ask: LrsAsk): void {
    const { message } = loadJsonValue({ ...ask }, "envoy.service.load_stats.v3.LoadStatsResponse", "test");
    if (message === null) throw new Error(`no LoadStatsResponse: ${JSON.stringify(ask)}`);
    this.say(toWire(message));
  }

  /** Sends these bytes as a message to every stream. */
  say(bytes: Uint8Array): void {
    this.last = bytes;
    for (const stream of this.streams) stream.write(bytes);
  }

  /** Ends every stream as done. */
  endStreams(): void {
    for (const stream of this.streams) stream.end();
    this.streams.clear();
  }

  /** Streams that are open. */
  get open(): number {
    return this.streams.size;
  }

  /** Ends everything; `listen` may follow. */
  async stop(): Promise<void> {
    this.streams.clear();
    this.server.forceShutdown();
  }

  private take(call: Call): void {
    this.streams.add(call);
    this.headers.push(call.metadata.getMap());
    if (this.acknowledges) call.sendMetadata(oursMetadata());
    let count = 0;
    if (!this.isReading) call.pause();
    call.on("data", (bytes: Uint8Array) => {
      const message = requestOf(bytes);
      this.messages.push(message);
      count++;
      if (this.acknowledges && (count > 1 || message.cluster_stats !== undefined)) call.write(this.last);
    });
    call.on("end", () => call.end());
    for (const event of ["cancelled", "error", "close"]) call.on(event, () => this.streams.delete(call));
    this.onStream(this);
  }
}

type Call = ServerDuplexStream<Uint8Array, Uint8Array>;

function requestOf(bytes: Uint8Array): LrsRequest {
  // An idle cluster has no locality, which the schema's own rules do not allow: as Envoy sends it, so it is read.
  const { readable } = loadWireMessage(bytes, "envoy.service.load_stats.v3.LoadStatsRequest", "client");
  if (readable === null) throw new Error("no LoadStatsRequest");
  return toProtoJson(readable) as unknown as LrsRequest;
}

function oursMetadata(): Metadata {
  const metadata = new Metadata();
  metadata.set("starling-lrs", "1");
  return metadata;
}
