// Nanoseconds per head of HPACK both ways, and per byte of Huffman coding. `node benchmarks/micro/hpack.ts`; about a second.

import { writeFields } from "../../src/protocol/h2/frames/fields.ts";
import { BlockKind, HeadBuilder } from "../../src/protocol/h2/head-builder.ts";
import { HpackDecoder } from "../../src/protocol/h2/hpack/decoder.ts";
import { HpackEncoder } from "../../src/protocol/h2/hpack/encoder.ts";
import { huffmanDecode, huffmanEncode } from "../../src/protocol/h2/hpack/huffman.ts";
import { HeaderList } from "../../src/protocol/header-list.ts";
import { H } from "../../src/protocol/header-names.ts";
import { http2Options } from "../../test/protocol/h2/support/options.ts";
import { measure } from "./measure.ts";

const head = new HeaderList();
head.addText(H.PSEUDO_METHOD, "GET");
head.addText(H.PSEUDO_SCHEME, "http");
head.addText(H.PSEUDO_AUTHORITY, "service.example.com");
head.addText(H.PSEUDO_PATH, "/api/v1/items?limit=10");
head.addText(H.USER_AGENT, "h2load nghttp2/1.52.0");
head.addText(H.ACCEPT, "*/*");
head.addText(H.X_FORWARDED_PROTO, "http");
head.addText(H.X_ENVOY_EXPECTED_RQ_TIMEOUT_MS, "15000");
head.add("x-custom-tenant", "tenant-0042");
const varying = new HeaderList();
varying.copyFrom(head);
varying.addText(H.X_REQUEST_ID, "00000000-0000-0000-0000-000000000000");

const block = Buffer.alloc(4096);
const encoder = new HpackEncoder(4096);
const builder = new HeadBuilder(http2Options());
const decoder = new HpackDecoder(builder, 4096);

function encode(list: HeaderList): number {
  encoder.begin(block, 0);
  writeFields(encoder, list);
  return encoder.end;
}

function decode(length: number): void {
  builder.begin(BlockKind.Request);
  if (decoder.decode(block, 0, length) !== "" || builder.finish() !== null) throw new Error("wrong block");
  builder.discard();
}

for (let i = 0; i < 3; i++) decode(encode(head));
const repeated = encode(head);
decode(repeated);
measure(`encode ${head.count} fields that repeat (${repeated} bytes)`, () => encode(head));
encode(head);
measure(`decode ${head.count} fields that repeat`, () => decode(repeated));

let id = 0;
const nextId = (): void => {
  const start = varying.valueStart(varying.count - 1);
  id++;
  for (let i = 0; i < 8; i++) varying.bytes[start + i] = 0x30 + ((id >>> (i * 4)) & 7);
};
measure(`encode and decode ${varying.count} fields, one of them new each time`, () => {
  nextId();
  decode(encode(varying));
});

const text = Buffer.from("/static/css/site.3f2a9c.css?version=20261121&theme=dark&locale=de-DE");
const coded = Buffer.alloc(256);
const plain = Buffer.alloc(256);
const codedLength = huffmanEncode(text, 0, text.length, coded, 0);
measure(`Huffman encode ${text.length} bytes`, () => huffmanEncode(text, 0, text.length, coded, 0));
measure(`Huffman decode ${codedLength} to ${text.length} bytes`, () => huffmanDecode(coded, 0, codedLength, plain, 0));
