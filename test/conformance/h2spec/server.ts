// A small HTTP/2 server on a socket for conformance tools: 200 with a few bytes, or the request's own body.
import { createServer, type Server, type Socket } from "node:net";
import { ByteWriter } from "../../../src/base/byte-writer.ts";
import type { ProtocolFault } from "../../../src/protocol/fault.ts";
import { fault } from "../../../src/protocol/fault.ts";
import { createH2Server } from "../../../src/protocol/h2/server.ts";
import { acquireHeaderList, type HeaderList, releaseHeaderList } from "../../../src/protocol/header-list.ts";
import { H } from "../../../src/protocol/header-names.ts";
import {
  type ByteSink,
  type MessageSink,
  type MessageWriter,
  QUEUED_HIGH_BYTES,
  QUEUED_LOW_BYTES,
  type ServerCodec,
} from "../../../src/protocol/message.ts";
import { http2Options } from "../../protocol/h2/support/options.ts";

const BODY = Buffer.from("hello from the other side of the table\n");

/** Starts the server on a loopback port of the system's choice. */
export async function startConformanceServer(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not a TCP address");
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** A sink on a plain socket: one write a turn, and `onDrain` as ByteSink promises it. */
class SocketSink implements ByteSink {
  readonly out: ByteWriter = new ByteWriter(16_384);
  onDrain: () => void = () => {};
  private readonly socket: Socket;
  private scheduled = false;
  private high = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("drain", () => this.settle());
  }

  scheduleFlush(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.flush();
      this.settle();
    });
  }

  flush(): void {
    this.scheduled = false;
    if (this.out.end === 0 || this.socket.destroyed) return;
    if (this.queuedBytes() >= QUEUED_HIGH_BYTES) this.high = true;
    this.socket.write(Buffer.from(this.out.bytes.subarray(0, this.out.end)));
    this.out.end = 0;
  }

  settle(): void {
    if (!this.high || this.queuedBytes() >= QUEUED_LOW_BYTES) return;
    this.high = false;
    this.onDrain();
  }

  writeThrough(bytes: Uint8Array, start: number, end: number): void {
    this.flush();
    this.socket.write(Buffer.from(bytes.subarray(start, end)));
  }

  queuedBytes(): number {
    return this.out.end + this.socket.writableLength;
  }

  finish(): void {}

  pauseReading(): void {
    this.socket.pause();
  }

  resumeReading(): void {
    this.socket.resume();
  }
}

/** Answers when the request is complete. */
class Answer implements MessageSink {
  private readonly writer: MessageWriter;
  private readonly body: Buffer[] = [];
  private method = "";

  constructor(writer: MessageWriter) {
    this.writer = writer;
  }

  onHead(head: HeaderList, end: boolean): void {
    this.method = head.value(H.PSEUDO_METHOD) ?? "";
    releaseHeaderList(head);
    if (end) this.reply(BODY);
  }

  onInterim(head: HeaderList): void {
    releaseHeaderList(head);
  }

  onData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    this.body.push(Buffer.from(bytes.subarray(start, end)));
    if (last) this.reply(this.method === "POST" ? Buffer.concat(this.body) : BODY);
  }

  onTrailers(trailers: HeaderList): void {
    releaseHeaderList(trailers);
    this.reply(Buffer.concat(this.body));
  }

  onFault(reason: ProtocolFault): void {
    if (reason.status === 0) {
      this.writer.reset(reason.code);
      return;
    }
    const head = acquireHeaderList();
    head.status = reason.status;
    this.writer.writeHead(head, true);
    releaseHeaderList(head);
  }

  onWritable(): void {
    // The whole body was given at once.
  }

  private reply(body: Buffer): void {
    const head = acquireHeaderList();
    head.status = 200;
    head.addText(H.CONTENT_TYPE, "text/plain");
    head.addText(H.CONTENT_LENGTH, String(body.length));
    this.writer.writeHead(head, body.length === 0);
    releaseHeaderList(head);
    if (body.length > 0) this.writer.writeData(body, 0, body.length, true);
  }
}

function serve(socket: Socket): void {
  socket.setNoDelay(true);
  const sink = new SocketSink(socket);
  const codec: ServerCodec = createH2Server(sink, http2Options(), {
    onExchange: (writer) => new Answer(writer),
    onExchangeDone: () => {},
    onConnectionDone: () => {
      sink.flush();
      socket.end();
    },
  });
  socket.on("data", (bytes: Buffer) => codec.receive(bytes, 0, bytes.length, performance.now()));
  socket.on("end", () => codec.receiveEnd());
  sink.onDrain = () => codec.onDrain();
  socket.on("error", () => {});
  socket.on("close", () => codec.connectionLost(fault("connection_closed", "closed")));
}
