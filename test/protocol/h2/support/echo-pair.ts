// A client and a server back to back in memory. The server sends every message back as it comes, pausing its source while it is backed
// up; bytes pass in random pieces, and an independent count of both windows watches every DATA frame.
import assert from "node:assert/strict";
import type { Random } from "../../../../src/base/random.ts";
import type { ProtocolFault } from "../../../../src/protocol/fault.ts";
import { createH2Client, type Http2ClientCodec } from "../../../../src/protocol/h2/client.ts";
import { createH2Server, type Http2ServerCodec } from "../../../../src/protocol/h2/server.ts";
import { type HeaderList, releaseHeaderList } from "../../../../src/protocol/header-list.ts";
import { H } from "../../../../src/protocol/header-names.ts";
import type { MessageSink, MessageWriter } from "../../../../src/protocol/message.ts";
import { GET } from "./frame.ts";
import type { Pair } from "./hpack.ts";
import { MemorySink } from "./memory-sink.ts";
import { http2Options } from "./options.ts";
import { writeHead, writeTrailers } from "./probe.ts";
import { WindowWatch } from "./window-watch.ts";

/** What is to be echoed. */
export interface EchoPlan {
  readonly windows: { readonly clientStream: number; readonly serverStream: number };
  readonly messages: readonly {
    readonly fields: readonly Pair[];
    readonly trailers: readonly Pair[];
    /** Lengths of the pieces the body is written in. */
    readonly bodyParts: readonly number[];
  }[];
  readonly seed: number;
}

type MessagePlan = EchoPlan["messages"][number];

/** Runs a plan to its end. */
export class EchoPair {
  private readonly plan: EchoPlan;
  private readonly random: Random;
  private readonly toServer: MemorySink = new MemorySink();
  private readonly toClient: MemorySink = new MemorySink();
  private readonly client: Http2ClientCodec;
  private readonly server: Http2ServerCodec;
  private readonly received: Received[] = [];
  private readonly watches: readonly [WindowWatch, WindowWatch] = [new WindowWatch(), new WindowWatch()];
  private clientDone = 0;
  private serverDone = 0;

  constructor(plan: EchoPlan, random: Random) {
    this.plan = plan;
    this.random = random;
    // Tiny windows need far more WINDOW_UPDATE frames than any real client may send.
    const calm = { windowUpdatesPerDataMax: 1_000_000, headersCountMax: 1_000 };
    const { clientStream, serverStream } = plan.windows;
    this.client = createH2Client(this.toServer, http2Options({ ...calm, initialStreamWindowBytes: clientStream }), {
      onExchangeDone: () => this.clientDone++,
      onDraining: () => assert.fail("draining"),
      onCapacity: () => {},
      onConnectionDone: (fault) => assert.fail(`client: ${fault?.details} ${fault?.cite}`),
    });
    this.server = createH2Server(this.toClient, http2Options({ ...calm, initialStreamWindowBytes: serverStream }), {
      onExchange: (writer) => new Echo(writer),
      onExchangeDone: () => this.serverDone++,
      onConnectionDone: (fault) => assert.fail(`server: ${fault?.details} ${fault?.cite}`),
    });
  }

  run(): void {
    for (const message of this.plan.messages) this.start(message);
    for (let turn = 0; turn < 200_000; turn++) {
      const sent =
        this.pass(this.toServer, this.client, this.server, 0) + this.pass(this.toClient, this.server, this.client, 1);
      if (sent === 0) return;
    }
    assert.fail("it never came to rest");
  }

  /** Everything came back whole, and nothing is left open. */
  check(): void {
    for (const [i, message] of this.plan.messages.entries()) {
      const received = this.received[i] as Received;
      assert.equal(received.fault, null);
      assert.deepEqual(received.fields, message.fields);
      assert.equal(received.body, bodyOf(message).toString("latin1"));
      assert.deepEqual(received.trailers, message.trailers);
      assert.equal(received.ends, 1);
    }
    assert.deepEqual([this.clientDone, this.serverDone], [this.plan.messages.length, this.plan.messages.length]);
    assert.deepEqual([this.client.openExchanges(), this.server.openExchanges()], [0, 0]);
  }

  private start(message: MessagePlan): void {
    const received = new Received();
    this.received.push(received);
    const writer = this.client.open(received);
    const [first, ...rest] = message.bodyParts;
    writeHead(
      writer,
      [[":method", "POST"], ...GET.slice(1), ...message.fields],
      first === undefined && message.trailers.length === 0,
    );
    const body = bodyOf(message);
    let at = 0;
    for (const [i, length] of [...(first === undefined ? [] : [first]), ...rest].entries()) {
      const last = i === rest.length && message.trailers.length === 0;
      writer.writeData(body, at, at + length, last);
      at += length;
    }
    if (message.trailers.length > 0) writeTrailers(writer, message.trailers);
  }

  private pass(
    sink: MemorySink,
    from: Http2ClientCodec | Http2ServerCodec,
    to: Http2ClientCodec | Http2ServerCodec,
    direction: 0 | 1,
  ): number {
    const bytes = sink.take();
    if (bytes.length === 0) return 0;
    this.watches[direction].onSent(bytes, this.watches[1 - direction] as WindowWatch);
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + 1 + this.random.below(this.random.below(2) === 0 ? 60 : 60_000));
      to.receive(bytes, at, end, 0);
      at = end;
    }
    from.onDrain();
    return bytes.length;
  }
}

/** Sends a message back. */
class Echo implements MessageSink {
  private readonly writer: MessageWriter;

  constructor(writer: MessageWriter) {
    this.writer = writer;
  }

  onHead(head: HeaderList, end: boolean): void {
    for (const id of [H.PSEUDO_METHOD, H.PSEUDO_SCHEME, H.PSEUDO_AUTHORITY, H.PSEUDO_PATH]) head.remove(id);
    head.status = 200;
    this.writer.writeHead(head, end);
    releaseHeaderList(head);
  }

  onInterim(): void {
    assert.fail("interim head of a request");
  }

  onData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    this.writer.writeData(bytes, start, end, last);
    if (this.writer.isBackedUp()) this.writer.pauseSource();
  }

  onTrailers(trailers: HeaderList): void {
    this.writer.writeTrailers(trailers);
    releaseHeaderList(trailers);
  }

  onFault(fault: ProtocolFault): void {
    assert.fail(fault.details);
  }

  onWritable(): void {
    this.writer.resumeSource();
  }
}

/** What came back. */
class Received implements MessageSink {
  fields: Pair[] = [];
  trailers: Pair[] = [];
  body: string = "";
  ends: number = 0;
  fault: ProtocolFault | null = null;

  onHead(head: HeaderList, end: boolean): void {
    this.fields = head.entries();
    if (end) this.ends++;
    releaseHeaderList(head);
  }

  onInterim(head: HeaderList): void {
    releaseHeaderList(head);
  }

  onData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    this.body += Buffer.from(bytes.subarray(start, end)).toString("latin1");
    if (last) this.ends++;
  }

  onTrailers(trailers: HeaderList): void {
    this.trailers = trailers.entries();
    this.ends++;
    releaseHeaderList(trailers);
  }

  onFault(fault: ProtocolFault): void {
    this.fault = fault;
  }

  onWritable(): void {
    // The plan's bodies were written at once.
  }
}

function bodyOf(message: MessagePlan): Buffer {
  const body = Buffer.alloc(message.bodyParts.reduce((sum, part) => sum + part, 0));
  for (let i = 0; i < body.length; i++) body[i] = i * 31 + (i >> 8);
  return body;
}
