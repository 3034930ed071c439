// A gRPC server of streaming methods: streams in, bytes out. Knows no message. Called by the servers of endpoints and of load
// reports.
import {
  type handleBidiStreamingCall,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerOptions,
  status,
} from "@grpc/grpc-js";
import { addressText, type SocketAddressPlan } from "../../config/plan/address.ts";

/** Hears of streams. Each has a number that no other has had; after `closed` nothing more comes of it. */
export interface BidiServerOwner<How> {
  opened(stream: number, how: How, peer: string): void;
  requested(stream: number, bytes: Uint8Array): void;
  closed(stream: number): void;
}

/** One method: its path, and what the owner is told of its streams. */
export interface BidiMethod<How> {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly how: How;
}

/** What a client may cost, and what it is told at once. */
export interface BidiLimits {
  /** A larger message ends its stream (RESOURCE_EXHAUSTED). */
  readonly requestBytesMax: number;
  /** Streams on one connection; more of them wait at the client. Default: as many as it likes. */
  readonly streamsPerConnection?: number;
  /** Sent at the start of each stream. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** PEM texts. */
export interface BidiTls {
  readonly certificate: Buffer;
  readonly key: Buffer;
  /** Every client must show a certificate of this authority; null: none is asked for. */
  readonly clientAuthority: Buffer | null;
}

/** Serves some methods. */
export class BidiServer<How> {
  private readonly owner: BidiServerOwner<How>;
  private readonly server: Server;
  private readonly headers: Readonly<Record<string, string>>;
  private readonly streams = new Map<number, Call>();
  private lastStream = 0;

  constructor(owner: BidiServerOwner<How>, methods: readonly BidiMethod<How>[], limits: BidiLimits) {
    this.owner = owner;
    this.headers = limits.headers ?? {};
    this.server = new Server(optionsOf(limits));
    for (const { path, how } of methods) {
      const handle: handleBidiStreamingCall<Uint8Array, Uint8Array> = (call) => this.take(call, how);
      this.server.addService({ stream: bytesMethod(path) }, { stream: handle });
    }
  }

  /** Answers with the port; rejects with what is wrong with the address. `tls`: default cleartext. */
  listen({ host, port }: Pick<SocketAddressPlan, "host" | "port">, tls: BidiTls | null = null): Promise<number> {
    const address = addressText({ kind: "socket", host, port, ipv4Compat: false });
    return new Promise((resolve, reject) => {
      this.server.bindAsync(address, credentialsOf(tls), (error, bound) => {
        if (error === null) resolve(bound);
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

  private take(call: Call, how: How): void {
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
    if (Object.keys(this.headers).length > 0) call.sendMetadata(metadataOf(this.headers));
    this.owner.opened(stream, how, call.getPeer());
  }
}

function credentialsOf(tls: BidiTls | null): ServerCredentials {
  if (tls === null) return ServerCredentials.createInsecure();
  const { certificate, key, clientAuthority } = tls;
  const pairs = [{ cert_chain: certificate, private_key: key }];
  return ServerCredentials.createSsl(clientAuthority, pairs, clientAuthority !== null);
}

type Call = ServerDuplexStream<Uint8Array, Uint8Array>;

/** A method with streams both ways whose messages stay bytes. */
export function bytesMethod(path: string): MethodDefinition<Uint8Array, Uint8Array> {
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

function metadataOf(headers: Readonly<Record<string, string>>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return metadata;
}

function optionsOf({ requestBytesMax, streamsPerConnection }: BidiLimits): ServerOptions {
  return {
    "grpc.max_receive_message_length": requestBytesMax,
    "grpc.enable_channelz": 0,
    // A client whose machine went away is forgotten after 40 s.
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    ...(streamsPerConnection === undefined ? {} : { "grpc.max_concurrent_streams": streamsPerConnection }),
  };
}

const CODES = { exhausted: status.RESOURCE_EXHAUSTED, invalid: status.INVALID_ARGUMENT };
