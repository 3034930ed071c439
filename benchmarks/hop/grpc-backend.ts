// The backend of the gRPC rows: answers every call with a head, one message (a method SpreadN: N of them) and trailers, on this project's
// own HTTP/2 codec.
// Usage: node grpc-backend.ts PORT
import { createServer, type Socket } from "node:net";
import { ByteWriter } from "../../src/base/byte-writer.ts";
import { createH2Server } from "../../src/protocol/h2/server.ts";
import { HeaderList, releaseHeaderList } from "../../src/protocol/header-list.ts";
import type { ByteSink, MessageSink, MessageWriter } from "../../src/protocol/message.ts";
import { http2Options } from "../../test/protocol/h2/support/options.ts";

const HEAD = new HeaderList();
HEAD.status = 200;
HEAD.add("content-type", "application/grpc");
const TRAILERS = new HeaderList();
TRAILERS.add("grpc-status", "0");
// Not compressed, 13 bytes: a HelloReply of 11 letters.
const MESSAGE = Buffer.from([0, 0, 0, 0, 13, 0x0a, 11, ...Buffer.from("Hello world")]);

/** Answers once the call's message is complete. */
class Answer implements MessageSink {
  private readonly writer: MessageWriter;
  private left = 1;
  private hasBegun = false;

  constructor(writer: MessageWriter) {
    this.writer = writer;
  }

  onHead(head: HeaderList, end: boolean): void {
    this.left = Number(/Spread(\d+)$/.exec(head.valueByName(":path") ?? "")?.[1] ?? 1);
    releaseHeaderList(head);
    if (end) this.reply();
  }

  onInterim(head: HeaderList): void {
    releaseHeaderList(head);
  }

  onData(_bytes: Uint8Array, _start: number, _end: number, last: boolean): void {
    if (last) this.reply();
  }

  onTrailers(trailers: HeaderList): void {
    releaseHeaderList(trailers);
    this.reply();
  }

  onFault(): void {
    this.writer.reset(8);
  }

  onWritable(): void {
    if (this.hasBegun) this.sendMore();
  }

  private reply(): void {
    this.writer.writeHead(HEAD, false);
    this.hasBegun = true;
    this.sendMore();
  }

  private sendMore(): void {
    for (; this.left > 0; this.left--) {
      if (this.writer.isBackedUp()) return;
      this.writer.writeData(MESSAGE, 0, MESSAGE.length, false);
    }
    this.hasBegun = false;
    this.writer.writeTrailers(TRAILERS);
  }
}

/** One write for everything that a read brought. */
class SocketSink implements ByteSink {
  readonly out: ByteWriter = new ByteWriter(65_536);
  private readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  scheduleFlush(): void {
    // The socket's data callback flushes when the codec has taken the whole read.
  }

  flush(): void {
    if (this.out.end === 0 || this.socket.destroyed) return;
    this.socket.write(Buffer.from(this.out.bytes.subarray(0, this.out.end)));
    this.out.end = 0;
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

createServer((socket) => {
  socket.setNoDelay(true);
  const sink = new SocketSink(socket);
  const codec = createH2Server(
    sink,
    { ...http2Options(), concurrentStreamsMax: 1000 },
    {
      onExchange: (writer) => new Answer(writer),
      onExchangeDone: () => {},
      onConnectionDone: () => socket.end(),
    },
  );
  // What was held back for the buffer's sake goes on as long as the kernel takes it.
  const pump = (): void => {
    for (sink.flush(); !socket.writableNeedDrain; sink.flush()) {
      codec.onDrain();
      if (sink.out.end === 0) return;
    }
  };
  socket.on("data", (bytes) => {
    codec.receive(bytes, 0, bytes.length, performance.now());
    pump();
  });
  socket.on("drain", pump);
  socket.on("error", () => socket.destroy());
}).listen(Number(process.argv[2]), "127.0.0.1");
