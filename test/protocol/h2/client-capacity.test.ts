// What a server allows a client, refuses and takes back: capacity, REFUSED_STREAM, GOAWAY, and servers that speak something else.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ErrorCode, fault } from "../../../src/protocol/fault.ts";
import { frame, GET } from "./support/frame.ts";
import { ClientProbe } from "./support/probe.ts";

const answer = (stream: number): Buffer => frame.headers({ stream, fields: [[":status", "200"]], end: true });

describe("what a server allows and takes back", () => {
  it("opens no more than SETTINGS_MAX_CONCURRENT_STREAMS and its own bound", () => {
    const client = new ClientProbe({ concurrentStreamsMax: 3 }, [frame.settings({ maxConcurrentStreams: 2 })]);
    assert.deepEqual(client.calls(), ["capacity 2"]);
    client.request(GET, true);
    assert.equal(client.codec.canOpen(), true);
    client.open();
    assert.equal(client.codec.canOpen(), false);
    client.receive(frame.settings({ maxConcurrentStreams: 100 }));
    assert.deepEqual(client.calls(), ["capacity 3"]);
    assert.equal(client.codec.canOpen(), true);
  });

  it("reports REFUSED_STREAM as safe to retry and another reset as not", () => {
    const client = new ClientProbe();
    const refused = client.request(GET, true);
    const reset = client.request(GET, true);
    client.receive(
      frame.rstStream({ stream: 1, code: ErrorCode.RefusedStream }),
      frame.rstStream({ stream: 3, code: ErrorCode.InternalError }),
    );
    assert.deepEqual([refused.sink.fault?.kind, refused.sink.fault?.retrySafe], ["remote_refused", true]);
    assert.deepEqual(
      [reset.sink.fault?.kind, reset.sink.fault?.retrySafe, reset.sink.fault?.code],
      ["remote_reset", false, 2],
    );
  });

  it("gives streams above GOAWAY's last one back, finishes the others and ends", () => {
    const client = new ClientProbe();
    client.request(GET, true);
    const above = client.request(GET, true);
    const unsent = client.open();
    client.receive(frame.goaway({ last: 1 }));
    assert.deepEqual(client.calls(), [
      `r2 fault remote_refused ${ErrorCode.RefusedStream}`,
      "3 done for good",
      `r3 fault remote_refused ${ErrorCode.RefusedStream}`,
      "0 done for good",
      "draining 1",
    ]);
    assert.equal(above.sink.fault?.retrySafe, true);
    assert.equal(unsent.sink.fault?.retrySafe, true);
    assert.equal(client.codec.canOpen(), false);
    client.receive(answer(3), answer(1));
    assert.deepEqual(client.calls(), ["r1 head 200 end", "1 done for good", "connection done cleanly"]);
  });

  it("lets a graceful server have its first GOAWAY without losing a stream", () => {
    const client = new ClientProbe();
    client.request(GET, true);
    client.receive(frame.goaway({ last: 0x7fff_ffff }), frame.goaway({ last: 1 }), answer(1));
    assert.deepEqual(client.calls(), [
      "draining 2147483647",
      "draining 1",
      "r1 head 200 end",
      "1 done for good",
      "connection done cleanly",
    ]);
  });

  it("says that GOAWAY was an error when the socket ends after it", () => {
    const client = new ClientProbe();
    const { sink } = client.request(GET, true);
    client.receive(frame.goaway({ last: 1, code: ErrorCode.EnhanceYourCalm }));
    client.codec.connectionLost(fault("connection_closed", "reset"));
    assert.deepEqual([sink.fault?.kind, sink.fault?.code], ["goaway", ErrorCode.EnhanceYourCalm]);
  });

  it("fails on a server that speaks HTTP/1", () => {
    const client = new ClientProbe({}, []);
    const { sink } = client.request(GET, true);
    client.sink.take();
    client.receive(Buffer.from("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"));
    assert.deepEqual([sink.fault?.kind, sink.fault?.scope], ["codec_error", "connection"]);
    assert.deepEqual(client.frames(), ["GOAWAY last=0 code=1"]);
    assert.deepEqual(client.calls(), ["r1 fault codec_error 1", "1 done for good", "connection done codec_error"]);
  });

  it("refuses pushes", () => {
    for (const push of [frame.settings({ enablePush: 1 }), frame.any(5, 4, 1, Buffer.of(0, 0, 0, 2))]) {
      const client = new ClientProbe();
      client.request(GET, true);
      client.frames();
      client.receive(push);
      assert.deepEqual(client.frames(), ["GOAWAY last=0 code=1"]);
    }
  });

  it("ends on HEADERS for a stream it never opened", () => {
    const client = new ClientProbe();
    client.receive(answer(1));
    assert.deepEqual(client.frames(), ["GOAWAY last=0 code=1"]);
  });

  it("tells open and unsent exchanges when the server closes", () => {
    const client = new ClientProbe();
    client.request(GET, true);
    client.open();
    client.codec.receiveEnd();
    assert.deepEqual(client.calls(), [
      "r1 fault connection_closed 0",
      "1 done for good",
      "r2 fault connection_closed 0",
      "0 done for good",
      "connection done connection_closed",
    ]);
    assert.equal(client.codec.canOpen(), false);
  });

  it("learns that extended CONNECT is allowed", () => {
    assert.equal(new ClientProbe().codec.peerAllowsConnect, false);
    assert.equal(new ClientProbe({}, [frame.settings({ enableConnectProtocol: 1 })]).codec.peerAllowsConnect, true);
  });

  it("has one PING unanswered at a time", () => {
    const client = new ClientProbe();
    assert.equal(client.codec.ping(), true);
    assert.equal(client.codec.ping(), false);
    client.receive(frame.ping({ payload: 1, ack: true }));
    assert.equal(client.codec.ping(), true);
  });
});
