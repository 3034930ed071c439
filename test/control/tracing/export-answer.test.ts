import assert from "node:assert/strict";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { describe, it } from "mocha";
import { grpcFrame } from "../../../src/control/grpc/grpc-frames.ts";
import { ExportAnswer } from "../../../src/control/tracing/export-answer.ts";
import { HeaderList } from "../../../src/protocol/header-list.ts";
import { H } from "../../../src/protocol/header-names.ts";

describe("the answer to an export", () => {
  it("is a success by its status, with what the collector rejected", () => {
    assert.deepEqual(http(200, new Uint8Array(0)), [["taken", "the collector rejected some", 0]]);
    assert.deepEqual(http(200, partial(3, "too old")), [["taken", "too old", 3]]);
    assert.deepEqual(http(200, partial(-3, "odd")), [["taken", "odd", 0]]);
    assert.deepEqual(http(200, Buffer.from("no protobuf")), [["taken", "the collector rejected some", 0]]);
  });

  it("is a failure that may pass, or one that will not", () => {
    assert.deepEqual(http(503, new Uint8Array(0)), [["again", "HTTP 503", 0]]);
    assert.deepEqual(http(400, partial(3, "too old")), [["refused", "HTTP 400", 0]]);
    assert.deepEqual(grpc("14"), [["again", "gRPC status 14 ", 0]]);
    assert.deepEqual(grpc("3"), [["refused", "gRPC status 3 ", 0]]);
  });

  it("is the same over gRPC, wherever its frame is cut", () => {
    assert.deepEqual(grpc("0"), [["taken", "too many", 2]]);
  });

  function http(status: number, body: Uint8Array): unknown[] {
    const said: unknown[] = [];
    const answer = new ExportAnswer(false, (...how) => said.push(how));
    answer.onHead(head(status), false);
    answer.onData(body, 0, body.length, true);
    return said;
  }

  function grpc(status: string): unknown[] {
    const said: unknown[] = [];
    const answer = new ExportAnswer(true, (...how) => said.push(how));
    const frame = grpcFrame(partial(2, "too many"));
    answer.onHead(head(200), false);
    for (let at = 0; at < frame.length; at++) answer.onData(frame, at, at + 1, false);
    const trailers = new HeaderList();
    trailers.addText(H.GRPC_STATUS, status);
    answer.onTrailers(trailers);
    return said;
  }
});

function head(status: number): HeaderList {
  const list = new HeaderList();
  list.status = status;
  return list;
}

/** An ExportLogsServiceResponse with a partial success. */
function partial(rejected: number, message: string): Uint8Array {
  const writer = new BinaryWriter().tag(1, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.Varint).int64(rejected);
  return writer.tag(2, WireType.LengthDelimited).string(message).join().finish();
}
