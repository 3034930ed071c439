// Requests over HTTP/2 that would become two, or another one, when written as HTTP/1.1 without care.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { frame, GET, POST } from "../../protocol/h2/support/frame.ts";
import type { Pair } from "../../protocol/h2/support/hpack.ts";
import { FrameSocket } from "../../support/frame-socket.ts";
import { RecordingUpstream, type SeenRequest } from "../../support/recording-upstream.ts";
import { Stage } from "../../support/stage.ts";

interface Case {
  readonly name: string;
  readonly fields: readonly Pair[];
  /** Body; absent: the head ends the stream. */
  readonly body?: string;
  readonly trailers?: readonly Pair[];
  /** Start line and body of the one request that may reach the upstream; absent: none may. */
  readonly passes?: readonly [startLine: string, body: string];
}

const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
const without = (name: string): readonly Pair[] => POST.filter(([one]) => one !== name);
const withPath = (path: string): readonly Pair[] => [...GET.slice(0, 3), [":path", path]];
const withAuthority = (host: string): readonly Pair[] => [...GET.slice(0, 2), [":authority", host], [":path", "/"]];
const passes = (body: string): readonly [string, string] => ["POST / HTTP/1.1", body];

const LENGTHS: readonly Case[] = [
  { name: "content-length above the body", fields: [...POST, ["content-length", "9"]], body: "x" },
  { name: "content-length below the body", fields: [...POST, ["content-length", "1"]], body: `x${SMUGGLED}` },
  { name: "content-length of 0 before a body", fields: [...POST, ["content-length", "0"]], body: SMUGGLED },
  { name: "content-length without a body", fields: [...POST, ["content-length", "5"]] },
  { name: "content-length twice", fields: [...POST, ["content-length", "1"], ["content-length", "2"]], body: "x" },
  { name: "content-length with a sign", fields: [...POST, ["content-length", "+1"]], body: "x" },
  { name: "content-length that is a list", fields: [...POST, ["content-length", "1, 1"]], body: "x" },
  { name: "content-length that is right", fields: [...POST, ["content-length", "1"]], body: "x", passes: passes("x") },
  { name: "no content-length", fields: POST, body: SMUGGLED, passes: passes(SMUGGLED) },
];

const CONNECTION_FIELDS: readonly Case[] = [
  ["transfer-encoding", "chunked"],
  ["transfer-encoding", "identity"],
  ["connection", "close"],
  ["connection", "transfer-encoding"],
  ["keep-alive", "timeout=5"],
  ["proxy-connection", "keep-alive"],
  ["upgrade", "websocket"],
  ["te", "gzip"],
].map(([name = "", value = ""]) => ({
  name: `${name}: ${value}`,
  fields: [...POST, [name, value]],
  body: `0\r\n\r\n${SMUGGLED}`,
}));

const BYTES: readonly Case[] = [
  ["CRLF in a value", "x", `a\r\ntransfer-encoding: chunked`],
  ["a request in a value", "x", `a\r\n\r\n${SMUGGLED}`],
  ["LF in a value", "x", "a\ntransfer-encoding: chunked"],
  ["CR in a value", "x", "a\rb"],
  ["NUL in a value", "x", "a\0b"],
  ["a space before a value", "x", " a"],
  ["a tab behind a value", "x", "a\t"],
  ["CRLF in a name", "x\r\ntransfer-encoding", "chunked"],
  ["a colon in a name", "transfer-encoding: chunked\r\nx", "a"],
  ["a colon alone in a name", "x:y", "a"],
  ["a space in a name", "transfer-encoding ", "chunked"],
  ["a capital in a name", "Transfer-Encoding", "chunked"],
  ["an empty name", "", "a"],
  ["NUL in a name", "x\0", "a"],
].map(([name = "", field = "", value = ""]) => ({ name, fields: [...POST, [field, value]], body: "x" }));

const PSEUDO: readonly Case[] = [
  {
    name: "a method with a request behind it",
    fields: [[":method", "GET / HTTP/1.1\r\nhost: b\r\n\r\nGET"], ...GET.slice(1)],
  },
  { name: "a method with a space", fields: [[":method", "GET /smuggled"], ...GET.slice(1)] },
  { name: "a path with a space", fields: withPath("/ HTTP/1.1") },
  { name: "a path with CRLF", fields: withPath("/ HTTP/1.1\r\nhost: b\r\n\r\nGET /smuggled") },
  { name: "a path with a tab", fields: withPath("/a\tb") },
  { name: "a path with NUL", fields: withPath("/a\0b") },
  { name: "a path with a fragment", fields: withPath("/a#b") },
  { name: "a path without a slash", fields: withPath("a") },
  { name: "a path that is a whole URL", fields: withPath("http://b/") },
  { name: "an empty path", fields: withPath("") },
  { name: "an authority with CRLF", fields: withAuthority("a\r\ntransfer-encoding: chunked") },
  { name: "an authority with a space", fields: withAuthority("a b") },
  { name: "an authority with a path", fields: withAuthority("a/b") },
  { name: "a scheme that is a URL", fields: [[":method", "GET"], [":scheme", "http://b/?"], ...GET.slice(2)] },
  { name: "a scheme with CRLF", fields: [[":method", "GET"], [":scheme", "http\r\nx: y"], ...GET.slice(2)] },
  { name: "no method", fields: without(":method") },
  { name: "no path", fields: without(":path") },
  { name: "no scheme", fields: without(":scheme") },
  { name: "neither authority nor host", fields: without(":authority") },
  ...[":method", ":scheme", ":authority", ":path"].map((name) => ({
    name: `${name} twice`,
    fields: [...POST, ...POST.filter(([one]) => one === name)],
  })),
  { name: "a pseudo-header behind a field", fields: [...without(":path"), ["x", "y"], [":path", "/"]] },
  { name: "a pseudo-header nobody knows", fields: [...POST, [":smuggled", "1"]] },
  { name: ":status in a request", fields: [...POST, [":status", "200"]] },
  { name: "CONNECT with a path", fields: [[":method", "CONNECT"], ...GET.slice(1)] },
  {
    name: "CONNECT to nobody configured",
    fields: [
      [":method", "CONNECT"],
      [":authority", "a:80"],
    ],
    body: SMUGGLED,
  },
];

const READ_ONCE: readonly Case[] = [
  { name: "host beside another authority", fields: [...POST, ["host", "b"]] },
  { name: "two hosts", fields: [...without(":authority"), ["host", "a"], ["host", "b"]] },
  { name: "host beside the same authority", fields: [...POST, ["host", "a.test"]], passes: passes("") },
  { name: "cookies in crumbs", fields: [...POST, ["cookie", "a=1"], ["cookie", "b=2"]], passes: passes("") },
  {
    name: "trailers that would frame",
    fields: POST,
    body: "x",
    trailers: [
      ["content-length", "9"],
      ["transfer-encoding", "chunked"],
      ["host", "b"],
    ],
  },
  { name: "trailers that are harmless", fields: POST, body: "x", trailers: [["x-sum", "1"]], passes: passes("x") },
  { name: "a pseudo-header in trailers", fields: POST, body: "x", trailers: [[":path", "/smuggled"]] },
];

describe("request smuggling from HTTP/2 down to HTTP/1.1, live", () => {
  let upstream: RecordingUpstream;
  let stage: Stage;

  before(async () => {
    upstream = await RecordingUpstream.start();
    stage = await Stage.start({ upstreamPort: upstream.port });
  });

  after(async () => {
    await stage.untilIdle();
    await stage.stop();
    await upstream.stop();
  });

  for (const one of [...LENGTHS, ...CONNECTION_FIELDS, ...BYTES, ...PSEUDO, ...READ_ONCE]) {
    it(`${one.name}: ${one.passes === undefined ? "rejected" : "one request"}`, async () => {
      const before = upstream.requests.length;
      const client = await FrameSocket.open(stage.port);
      client.send(...framesOf(one));
      assert.ok(await client.until(() => client.isEnded || isOver(client)), "it has an answer or an end");
      client.end();
      await fence(stage.port);
      const seen = upstream.requests.slice(before).filter(({ startLine }) => !startLine.includes("/fence"));
      assert.deepEqual(upstream.violations, []);
      assert.deepEqual(seen.map(essence), one.passes === undefined ? [] : [one.passes]);
    });
  }
});

function framesOf({ fields, body, trailers }: Case): Buffer[] {
  const frames = [frame.headers({ stream: 1, fields, end: body === undefined })];
  if (body !== undefined) frames.push(frame.data({ stream: 1, text: body, end: trailers === undefined }));
  if (trailers !== undefined) frames.push(frame.headers({ stream: 1, fields: trailers, end: true }));
  return frames;
}

function isOver(client: FrameSocket): boolean {
  return client.answered > 0 || client.frames.some(({ type }) => type === "RST_STREAM");
}

/** Everything that the program would have forwarded before lies behind this answer. */
async function fence(port: number): Promise<void> {
  const client = await FrameSocket.open(port);
  client.send(frame.headers({ stream: 1, fields: withPath("/fence"), end: true }));
  assert.ok(await client.until(() => client.answered === 1), "the next connection is served");
  client.end();
}

function essence({ startLine, body }: SeenRequest): readonly [string, string] {
  return [startLine, body];
}
