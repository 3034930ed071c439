// HPACK in terms of texts, for tests: what a decoder says as [name, value] pairs, and an encoder fed with such pairs.

import { type FieldReceiver, HpackDecoder } from "../../../../src/protocol/h2/hpack/decoder.ts";
import { HpackEncoder } from "../../../../src/protocol/h2/hpack/encoder.ts";
import { KNOWN_NAME_TEXT, nameIdOfText } from "../../../../src/protocol/header-names.ts";

/** One field as texts. */
export type Pair = readonly [name: string, value: string];

/** Text of a byte range, one byte a character. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.subarray(start, end)).toString("latin1");
}

/** Remembers the fields of a block. */
export class PairCollector implements FieldReceiver {
  pairs: Pair[] = [];

  onField(
    id: number,
    name: Uint8Array,
    nameStart: number,
    nameEnd: number,
    value: Uint8Array,
    start: number,
    end: number,
  ): void {
    const nameText = id === 0 ? textOf(name, nameStart, nameEnd) : (KNOWN_NAME_TEXT[id] as string);
    this.pairs.push([nameText, textOf(value, start, end)]);
  }
}

/** A decoder that answers with pairs and throws on a fault. */
export class PairDecoder {
  readonly collector: PairCollector = new PairCollector();
  readonly decoder: HpackDecoder;

  constructor(tableBytesMax: number = 4096) {
    this.decoder = new HpackDecoder(this.collector, tableBytesMax);
  }

  /** Fields of one block; `before` and `after` the block lie other bytes, so that offsets count. */
  decode(block: Uint8Array): Pair[] {
    const wrong = this.fault(block);
    if (wrong !== "") throw new Error(`wrong block: ${wrong}`);
    return this.collector.pairs;
  }

  /** What is wrong with a block, empty when nothing is. */
  fault(block: Uint8Array): string {
    this.collector.pairs = [];
    const framed = Buffer.concat([Buffer.from([0xff, 0x00]), block, Buffer.from([0xff])]);
    return this.decoder.decode(framed, 2, 2 + block.length);
  }
}

/** An encoder that takes pairs. */
export class PairEncoder {
  readonly encoder: HpackEncoder;

  constructor(tableBytesMax: number = 4096) {
    this.encoder = new HpackEncoder(tableBytesMax);
  }

  encode(pairs: readonly Pair[]): Buffer {
    const to = Buffer.alloc(64 + pairs.reduce((sum, [name, value]) => sum + name.length + value.length + 16, 0));
    this.encoder.begin(to, 0);
    for (const [name, value] of pairs) {
      const nameBytes = Buffer.from(name, "latin1");
      const valueBytes = Buffer.from(value, "latin1");
      this.encoder.field(nameIdOfText(name), nameBytes, 0, nameBytes.length, valueBytes, 0, valueBytes.length);
    }
    return to.subarray(0, this.encoder.end);
  }
}

/** Bytes of a hexadecimal text; white space is for the eye. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ""), "hex");
}
