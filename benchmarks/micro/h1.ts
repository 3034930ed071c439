// Nanoseconds per HTTP/1 head parsed and written, and per exchange over both connections. Run it alone: `node benchmarks/micro/h1.ts`,
// with `--cpu-prof` for a profile.
import { ByteWriter } from "../../src/base/byte-writer.ts";
import { createH1Client } from "../../src/protocol/h1/client-connection.ts";
import { HeadParser } from "../../src/protocol/h1/head-parser.ts";
import { plainStyle, writeRequestHead, writeResponseHead } from "../../src/protocol/h1/head-writer.ts";
import { createH1Server } from "../../src/protocol/h1/server-connection.ts";
import { type HeaderList, releaseHeaderList } from "../../src/protocol/header-list.ts";
import type { ByteSink, MessageSink, MessageWriter } from "../../src/protocol/message.ts";
import { httpDefaults } from "../../test/support/http-options.ts";
import { measure } from "./measure.ts";

const options = httpDefaults.http1;

const GET = Buffer.from(
  "GET /api/v1/items/42?full=1 HTTP/1.1\r\nHost: shop.example:8080\r\nUser-Agent: wrk/4.1\r\nAccept: */*\r\nX-Trace: abc123\r\n\r\n",
);
const ANSWER = Buffer.from(
  "HTTP/1.1 200 OK\r\nServer: upstream\r\nDate: Sat, 21 Nov 2026 04:05:42 GMT\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok",
);

/** A sink that throws its bytes away at every flush. */
class NullSink implements ByteSink {
  readonly out: ByteWriter = new ByteWriter(16_384);
  scheduleFlush(): void {}
  writeThrough(): void {
    this.out.end = 0;
  }
  queuedBytes(): number {
    return 0;
  }
  finish(): void {}

  pauseReading(): void {}
  resumeReading(): void {}
}

/** Passes each request to a client connection that is answered at once, and the answer back: a proxy without routes. */
class Hop implements MessageSink {
  writer: MessageWriter | null = null;
  onHead(head: HeaderList, end: boolean): void {
    this.writer?.writeHead(head, end);
    releaseHeaderList(head);
  }
  onInterim(): void {}
  onData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    this.writer?.writeData(bytes, start, end, last);
  }
  onTrailers(): void {}
  onFault(): void {
    throw new Error("the benchmark's messages are right");
  }
  onWritable(): void {}
}

const ignore = { onExchangeDone(): void {}, onConnectionDone(): void {}, onDraining(): void {}, onCapacity(): void {} };

function parseRow(role: "request" | "response", head: Buffer): () => void {
  const parser = new HeadParser(role, options);
  return () => {
    parser.feed(head, 0, head.length);
    releaseHeaderList(parser.take());
  };
}

function writeRow(role: "request" | "response", head: Buffer): () => void {
  const parser = new HeadParser(role, options);
  parser.feed(head, 0, head.length);
  const list = parser.take();
  const out = new ByteWriter(4_096);
  const style = { ...plainStyle(false), contentLength: 2 };
  return () => {
    out.end = 0;
    if (role === "request") writeRequestHead(out, list, style);
    else writeResponseHead(out, list, 1, style);
  };
}

function hopRow(): () => void {
  const upstreamSink = new NullSink();
  const downstreamSink = new NullSink();
  const client = createH1Client(upstreamSink, options, ignore);
  const up = new Hop();
  const down = new Hop();
  const server = createH1Server(downstreamSink, options, {
    ...ignore,
    onExchange(writer) {
      down.writer = writer;
      up.writer = client.open(down);
      return up;
    },
  });
  return () => {
    server.receive(GET, 0, GET.length, 0);
    client.receive(ANSWER, 0, ANSWER.length, 0);
    upstreamSink.out.end = 0;
    downstreamSink.out.end = 0;
  };
}

const rows: [string, () => void][] = [
  [`parse a request head of ${GET.length} bytes, 4 fields`, parseRow("request", GET)],
  [`parse a response head of ${ANSWER.length - 2} bytes, 4 fields`, parseRow("response", ANSWER)],
  ["write that request head", writeRow("request", GET)],
  ["write that response head", writeRow("response", ANSWER)],
  ["one exchange through server and client connection", hopRow()],
];
for (const [name, work] of rows) measure(name, work);
