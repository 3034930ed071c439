// A gRPC service of grpc-js with one method of each kind, whose messages are bytes: what tests of streams through a proxy stand on.
import {
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
} from "@grpc/grpc-js";

const asIs = (bytes: Buffer): Buffer => bytes;

function method(name: string, requestStream: boolean, responseStream: boolean) {
  return {
    path: `/test.Echo/${name}`,
    requestStream,
    responseStream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}

const METHODS = {
  Unary: method("Unary", false, false),
  Fail: method("Fail", false, false),
  Hang: method("Hang", false, true),
  Collect: method("Collect", true, false),
  Spread: method("Spread", false, true),
  Chat: method("Chat", true, true),
  Break: method("Break", false, true),
};

/** The server. */
export class EchoServer {
  readonly port: number;
  /** Streams that ended before the server ended them, by method; conversations that it ended too, for grpc-js does not tell them apart. */
  readonly cancelled: string[] = [];
  /** What the last unary call brought, but for what every call has. */
  lastMetadata: Metadata = new Metadata();
  private readonly server: Server;

  private constructor(server: Server, port: number) {
    this.server = server;
    this.port = port;
  }

  static async start(): Promise<EchoServer> {
    const server = new Server({ "grpc.max_receive_message_length": 2 ** 26 });
    const holder: { echo: EchoServer | null } = { echo: null };
    server.addService(
      METHODS,
      handlers(() => holder.echo as EchoServer),
    );
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    holder.echo = new EchoServer(server, port);
    return holder.echo;
  }

  stop(): void {
    this.server.forceShutdown();
  }
}

function handlers(echo: () => EchoServer) {
  const Unary: handleUnaryCall<Buffer, Buffer> = (call, done) => {
    echo().lastMetadata = call.metadata;
    const trailers = new Metadata();
    trailers.set("tail-bin", Buffer.from([0, 255, 10]));
    const head = new Metadata();
    head.set("head-bin", call.metadata.get("asked-bin")[0] ?? Buffer.alloc(0));
    call.sendMetadata(head);
    done(null, call.request, trailers);
  };
  const Fail: handleUnaryCall<Buffer, Buffer> = (_, done) => done({ code: 9, details: "not now: ünfit 100%" });
  const Hang: handleServerStreamingCall<Buffer, Buffer> = (call) => {
    call.on("cancelled", () => echo().cancelled.push("Hang"));
    call.write(Buffer.from("begun"));
  };
  const Break: handleServerStreamingCall<Buffer, Buffer> = (call) => {
    call.write(Buffer.from("begun"));
    call.emit("error", { code: 10, details: "broke off" });
  };
  const Collect: handleClientStreamingCall<Buffer, Buffer> = (call, done) => {
    const parts: Buffer[] = [];
    call.on("data", (bytes: Buffer) => parts.push(bytes));
    call.on("end", () => done(null, Buffer.concat(parts)));
  };
  const Spread: handleServerStreamingCall<Buffer, Buffer> = (call) => {
    const [count = 0, size = 0] = call.request.toString().split("x").map(Number);
    let sent = 0;
    const more = (): void => {
      while (sent < count) if (!call.write(Buffer.alloc(size, sent++ % 256))) return void call.once("drain", more);
      call.end();
    };
    more();
  };
  const Chat: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    call.on("data", (bytes: Buffer) => call.write(bytes));
    call.on("end", () => call.end());
    call.on("cancelled", () => echo().cancelled.push("Chat"));
  };
  return { Unary, Fail, Hang, Collect, Spread, Chat, Break };
}

/** A channel to a port. */
export class EchoClient {
  readonly channel: Client;

  constructor(port: number, options: Readonly<Record<string, number>> = {}) {
    const limits = { "grpc.max_receive_message_length": 2 ** 26 };
    this.channel = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { ...limits, ...options });
  }

  close(): void {
    this.channel.close();
  }

  /** One unary call: its answer with the metadata of head and trailers, or the error. */
  unary(name: "Unary" | "Fail" | "None", request: Buffer, metadata: Metadata = new Metadata()): Promise<UnaryOutcome> {
    return new Promise((resolve) => {
      let head: Metadata | null = null;
      let reply: Buffer | null = null;
      const path = `/test.Echo/${name}`;
      const call = this.channel.makeUnaryRequest(path, asIs, asIs, request, metadata, (_, value) => {
        reply = value ?? null;
      });
      call.on("metadata", (seen) => {
        head = seen;
      });
      call.on("status", ({ code, details, metadata: trailers }) =>
        setImmediate(() => resolve({ code, details, head, trailers, reply })),
      );
    });
  }

  /** The answer to a stream of messages. */
  collect(messages: readonly Buffer[]): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const call = this.channel.makeClientStreamRequest("/test.Echo/Collect", asIs, asIs, (error, value) =>
        error === null && value !== undefined ? resolve(value) : reject(error),
      );
      for (const message of messages) call.write(message);
      call.end();
    });
  }

  stream(name: "Spread" | "Hang" | "Break", request: string): ClientReadableStream<Buffer> {
    return this.channel.makeServerStreamRequest(`/test.Echo/${name}`, asIs, asIs, Buffer.from(request));
  }

  chat(): ClientDuplexStream<Buffer, Buffer> {
    return this.channel.makeBidiStreamRequest("/test.Echo/Chat", asIs, asIs);
  }
}

/** How a unary call ended. */
export interface UnaryOutcome {
  readonly code: number;
  readonly details: string;
  readonly head: Metadata | null;
  readonly trailers: Metadata;
  readonly reply: Buffer | null;
}
