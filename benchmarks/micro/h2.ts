// Nanoseconds per request of the HTTP/2 codec in memory: bursts of 16 streams into a server, out of a client, and through both.
// `node benchmarks/micro/h2.ts`; about a second.

import { createH2Client } from "../../src/protocol/h2/client.ts";
import { writeWindowUpdate } from "../../src/protocol/h2/frames/control.ts";
import { writeHeaders } from "../../src/protocol/h2/frames/headers.ts";
import { HpackEncoder } from "../../src/protocol/h2/hpack/encoder.ts";
import { createH2Server } from "../../src/protocol/h2/server.ts";
import { HeaderList, releaseHeaderList } from "../../src/protocol/header-list.ts";
import { H } from "../../src/protocol/header-names.ts";
import type { ClientCodec, MessageSink, MessageWriter, ServerCodec } from "../../src/protocol/message.ts";
import { MemorySink } from "../../test/protocol/h2/support/memory-sink.ts";
import { http2Options } from "../../test/protocol/h2/support/options.ts";
import { measure } from "./measure.ts";

const BURST = 16;
const BODY = Buffer.alloc(100, "x");

const request = new HeaderList();
request.addText(H.PSEUDO_METHOD, "GET");
request.addText(H.PSEUDO_SCHEME, "http");
request.addText(H.PSEUDO_AUTHORITY, "service.example.com");
request.addText(H.PSEUDO_PATH, "/api/v1/items?limit=10");
request.addText(H.USER_AGENT, "h2load nghttp2/1.52.0");
request.addText(H.ACCEPT, "*/*");
request.addText(H.X_FORWARDED_PROTO, "http");
request.addText(H.X_ENVOY_EXPECTED_RQ_TIMEOUT_MS, "15000");

const response = new HeaderList();
response.status = 200;
response.addText(H.CONTENT_TYPE, "application/json");
response.addText(H.CONTENT_LENGTH, String(BODY.length));
response.addText(H.DATE, "Sat, 21 Nov 2026 10:00:00 GMT");
response.addText(H.SERVER, "envoy");
response.addText(H.X_ENVOY_UPSTREAM_SERVICE_TIME, "0");

/** Takes a message and forgets it. */
class Discard implements MessageSink {
  onHead(head: HeaderList): void {
    releaseHeaderList(head);
  }
  onInterim(): void {}
  onData(): void {}
  onTrailers(): void {}
  onFault(): void {
    throw new Error("fault");
  }
  onWritable(): void {}
}

/** Answers at once. */
class Answering extends Discard {
  private readonly writer: MessageWriter;
  constructor(writer: MessageWriter) {
    super();
    this.writer = writer;
  }
  override onHead(head: HeaderList): void {
    releaseHeaderList(head);
    this.writer.writeHead(response, false);
    this.writer.writeData(BODY, 0, BODY.length, true);
  }
}

function newServer(sink: MemorySink, answer: boolean): ServerCodec {
  return createH2Server(sink, http2Options({ concurrentStreamsMax: 1000 }), {
    onExchange: (writer) => {
      if (answer) return new Answering(writer);
      late.push(writer);
      return discard;
    },
    onExchangeDone: () => {},
    onConnectionDone: () => {
      throw new Error("done");
    },
  });
}

function newClient(sink: MemorySink): ClientCodec {
  return createH2Client(sink, http2Options({ concurrentStreamsMax: 1000 }), {
    onExchangeDone: () => {},
    onDraining: () => {},
    onCapacity: () => {},
    onConnectionDone: () => {
      throw new Error("done");
    },
  });
}

const discard = new Discard();
const late: MessageWriter[] = [];
const encoder = new HpackEncoder(4096);

function pass(from: MemorySink, to: ClientCodec | ServerCodec): void {
  to.receive(from.out.bytes, 0, from.out.end, 0);
  from.out.end = 0;
}

function burstOut(client: ClientCodec): void {
  for (let i = 0; i < BURST; i++) client.open(discard).writeHead(request, true);
}

const clientSink = new MemorySink();
const serverSink = new MemorySink();
const client = newClient(clientSink);
const server = newServer(serverSink, true);
function roundTrip(): void {
  burstOut(client);
  pass(clientSink, server);
  pass(serverSink, client);
  // Opens the windows that nobody's flow control has time to open here.
  writeWindowUpdate(clientSink.out, 0, BURST * BODY.length);
}
measure("request and answer through client and server", roundTrip, BURST);

// A recorded burst, of which only the stream ids change, gives the server's share alone.
const recorder = new MemorySink();
const recordingClient = newClient(recorder);
const replySink = new MemorySink();
const dispatching = newServer(replySink, false);
for (let i = 0; i < 4; i++) {
  pass(recorder, dispatching);
  burstOut(recordingClient);
}
const recorded = recorder.take();
const frameBytes = recorded.length / BURST;
let streamId = 1 + 2 * BURST * 3;

function replay(): void {
  for (let i = 0; i < BURST; i++, streamId += 2) recorded.writeUInt32BE(streamId, i * frameBytes + 5);
  dispatching.receive(recorded, 0, recorded.length, 0);
}

function answerAll(): void {
  for (const writer of late) writer.writeHead(response, true);
  late.length = 0;
  replySink.out.end = 0;
}

answerAll();
const both = measure(
  `server: decode and dispatch ${frameBytes} bytes, answer with a head`,
  () => {
    replay();
    answerAll();
  },
  BURST,
);
const answering = measure(
  "HPACK and frame of such an answer alone",
  () => {
    for (let i = 0; i < BURST; i++) writeHeaders(replySink.out, encoder, 1, response, true, 16_384);
    replySink.out.end = 0;
  },
  BURST,
);
console.log(
  `${"so decode and dispatch with stream set-up".padEnd(68)} ${(both - answering).toFixed(0).padStart(8)} ns`,
);

// A long body: what it costs to frame and copy it into the buffer, and to read such frames.
const CHUNK = Buffer.alloc(65_536, "x");
const bodySink = new MemorySink();
const bodyServer = newServer(bodySink, false);
const bodyClientSink = new MemorySink();
const bodyClient = newClient(bodyClientSink);
const update = new MemorySink();
bodyClient.open(discard).writeHead(request, true);
pass(bodyClientSink, bodyServer);
const body = late.pop() as MessageWriter;
body.writeHead(response, false);
pass(bodySink, bodyClient);
measure("server: send 64 KiB of DATA in frames of 16 KiB", () => {
  writeWindowUpdate(update.out, 0, CHUNK.length);
  writeWindowUpdate(update.out, 1, CHUNK.length);
  pass(update, bodyServer);
  body.writeData(CHUNK, 0, CHUNK.length, false);
  bodySink.out.end = 0;
});
