// What a node announces for one service, on the wire: protobuf starling.mesh.v1.Announced. Bytes of others are never trusted: what is
// wrong in any way is no announcement at all. An address travels as its bytes, so that it cannot be a name.
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { ipText, parseIp } from "../../../base/ip-address.ts";
import {
  ANNOUNCED_ENDPOINTS_MAX,
  ANNOUNCED_METADATA_BYTES_MAX,
  ANNOUNCED_NAME_BYTES_MAX,
  ANNOUNCED_WEIGHT_MAX,
  type AnnouncedEndpoint,
  announcedHost,
} from "../../../config/plan/announcement.ts";
import type { LocalityPlan } from "../../../config/plan/cluster.ts";

/** All that one process announces for one service from now on. */
export interface Announcement {
  readonly node: string;
  /** 128 random bits of the process, in hex. */
  readonly instance: string;
  /** Grows with each change; of two words of one instance about one service the greater one counts. */
  readonly sequence: number;
  readonly service: string;
  /** Empty: it has withdrawn what it announced. */
  readonly endpoints: readonly AnnouncedEndpoint[];
}

/** The bytes of an announcement within the limits of config/plan/announcement.ts. */
export function encodeAnnouncement(announcement: Announcement): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).uint32(WIRE_VERSION);
  writer.tag(2, WireType.LengthDelimited).string(announcement.node);
  writer.tag(3, WireType.LengthDelimited).bytes(Buffer.from(announcement.instance, "hex"));
  writer.tag(4, WireType.Varint).uint64(announcement.sequence);
  writer.tag(5, WireType.LengthDelimited).string(announcement.service);
  for (const endpoint of announcement.endpoints) {
    writer.tag(6, WireType.LengthDelimited).fork();
    writeEndpoint(writer, endpoint);
    writer.join();
  }
  return writer.finish();
}

/** The announcement that these bytes are, or null. Never throws. */
export function decodeAnnouncement(payload: Uint8Array): Announcement | null {
  if (payload.length > PAYLOAD_BYTES_MAX) return null;
  try {
    return readAnnouncement(new BinaryReader(payload));
  } catch {
    return null; // the reader throws at the first byte that is wrong
  }
}

function writeEndpoint(writer: BinaryWriter, { host, port, weight, locality, metadata }: AnnouncedEndpoint): void {
  writer.tag(1, WireType.LengthDelimited).bytes(parseIp(host) as Uint8Array);
  writer.tag(2, WireType.Varint).uint32(port);
  writer.tag(3, WireType.Varint).uint32(weight);
  writer.tag(4, WireType.LengthDelimited).string(locality.region);
  writer.tag(5, WireType.LengthDelimited).string(locality.zone);
  writer.tag(6, WireType.LengthDelimited).string(locality.subZone);
  writer.tag(7, WireType.LengthDelimited).string(JSON.stringify(metadata));
}

function readAnnouncement(reader: BinaryReader): Announcement | null {
  const read = { version: 0, node: "", instance: "", sequence: 0, service: "" };
  const endpoints: AnnouncedEndpoint[] = [];
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === 1) read.version = readCount(reader, wire);
    else if (field === 2) read.node = readName(reader, wire);
    else if (field === 3) read.instance = Buffer.from(readBytes(reader, wire)).toString("hex");
    else if (field === 4) read.sequence = readCount(reader, wire);
    else if (field === 5) read.service = readName(reader, wire);
    else if (field === 6) {
      if (endpoints.length === ANNOUNCED_ENDPOINTS_MAX) return null;
      endpoints.push(readEndpoint(new BinaryReader(readBytes(reader, wire))));
    } else reader.skip(wire, field);
  }
  const { version, node, instance, sequence, service } = read;
  if (version !== WIRE_VERSION || node === "" || service === "") return null;
  if (instance.length !== INSTANCE_HEX_LENGTH || sequence === 0 || hasTwins(endpoints)) return null;
  return { node, instance, sequence, service, endpoints };
}

function readEndpoint(reader: BinaryReader): AnnouncedEndpoint {
  const read = { host: "", port: 0, weight: 1, metadata: {} };
  const locality: { -readonly [Part in keyof LocalityPlan]: string } = { region: "", zone: "", subZone: "" };
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === 1) read.host = readHost(reader, wire);
    else if (field === 2) read.port = readCount(reader, wire);
    else if (field === 3) read.weight = readCount(reader, wire);
    else if (field === 4) locality.region = readName(reader, wire);
    else if (field === 5) locality.zone = readName(reader, wire);
    else if (field === 6) locality.subZone = readName(reader, wire);
    else if (field === 7) read.metadata = readMetadata(reader, wire);
    else reader.skip(wire, field);
  }
  const { host, port, weight } = read;
  if (host === "" || port < 1 || port > 65_535) throw new Error("no address");
  if (weight < 1 || weight > ANNOUNCED_WEIGHT_MAX) throw new Error("no weight");
  return { host, port, weight, locality, metadata: read.metadata };
}

function readHost(reader: BinaryReader, wire: WireType): string {
  const bytes = readBytes(reader, wire);
  if (bytes.length !== 4 && bytes.length !== 16) throw new Error("no IP address");
  const host = announcedHost(ipText(bytes));
  if (host instanceof Error) throw host;
  return host;
}

/** Struct values by name, as JSON. */
function readMetadata(reader: BinaryReader, wire: WireType): Readonly<Record<string, unknown>> {
  const text = readText(reader, wire, ANNOUNCED_METADATA_BYTES_MAX);
  const value: unknown = JSON.parse(text);
  if (!isObject(value) || !Object.values(value).every(isObject)) throw new Error("no metadata");
  return value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !Object.hasOwn(value, "__proto__");
}

/** Names are shown on admin pages and in logs. */
function readName(reader: BinaryReader, wire: WireType): string {
  const text = readText(reader, wire, ANNOUNCED_NAME_BYTES_MAX);
  if (CONTROL.test(text)) throw new Error("control characters in a name");
  return text;
}

function readText(reader: BinaryReader, wire: WireType, bytesMax: number): string {
  const bytes = readBytes(reader, wire);
  if (bytes.length > bytesMax) throw new Error("a text is too long");
  return UTF8.decode(bytes);
}

function readBytes(reader: BinaryReader, wire: WireType): Uint8Array {
  expect(wire, WireType.LengthDelimited);
  return reader.bytes();
}

function readCount(reader: BinaryReader, wire: WireType): number {
  expect(wire, WireType.Varint);
  const value = Number(reader.uint64());
  if (!Number.isSafeInteger(value)) throw new Error("a number is too large");
  return value;
}

function expect(wire: WireType, wanted: WireType): void {
  if (wire !== wanted) throw new Error("a field of another type");
}

function hasTwins(endpoints: readonly AnnouncedEndpoint[]): boolean {
  return new Set(endpoints.map(({ host, port }) => `${host} ${port}`)).size !== endpoints.length;
}

const WIRE_VERSION = 1;
/** As of every message of the mesh. */
const PAYLOAD_BYTES_MAX = 65_536;
const INSTANCE_HEX_LENGTH = 32;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
