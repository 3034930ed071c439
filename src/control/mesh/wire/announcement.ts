// What a node announces for one service, on the wire: protobuf starling.mesh.v1 as a table like the other messages. An address travels
// as its bytes, so that it cannot be a name. What breaks a rule in any way is no announcement at all.
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
import { count, type FieldType, hex128, list, shownText } from "./fields.ts";
import { COUNT_MAX, MESSAGE_BYTES_MAX, NODE_BYTES_MAX } from "./messages.ts";
import { fieldsShape, type Shape } from "./shape.ts";
import { WIRE_VERSION } from "./shapes.ts";

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

/** The bytes of an announcement; what is over a limit is a bug of ours. */
export function encodeAnnouncement(announcement: Announcement): Uint8Array {
  const writer = new BinaryWriter();
  const endpoints = announcement.endpoints.map(({ locality, ...rest }) => ({ ...rest, ...locality }));
  ANNOUNCEMENT.write(writer, { ...announcement, version: WIRE_VERSION, endpoints });
  return writer.finish();
}

/** The announcement that these bytes are, or null. Never throws. */
export function decodeAnnouncement(payload: Uint8Array): Announcement | null {
  if (payload.length > MESSAGE_BYTES_MAX) return null;
  try {
    const reader = new BinaryReader(payload, (bytes) => UTF8.decode(bytes));
    const { node, instance, sequence, service, endpoints } = ANNOUNCEMENT.read(reader, payload.length);
    return { node, instance, sequence, service, endpoints: endpoints.map(structured) };
  } catch {
    return null; // a WireFault, or what the library throws
  }
}

interface FlatEndpoint extends Omit<AnnouncedEndpoint, "locality"> {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

interface FlatAnnouncement extends Omit<Announcement, "endpoints"> {
  readonly version: number;
  readonly endpoints: readonly FlatEndpoint[];
}

function structured({ host, port, weight, region, zone, subZone, metadata }: FlatEndpoint): AnnouncedEndpoint {
  return { host, port, weight, locality: { region, zone, subZone }, metadata };
}

function hasNoTwins({ endpoints }: FlatAnnouncement): boolean {
  return new Set(endpoints.map(({ host, port }) => `${host} ${port}`)).size === endpoints.length;
}

/** 4 or 16 bytes of something that one can connect to. */
const ADDRESS: FieldType<string> = {
  wire: WireType.LengthDelimited,
  absent: () => "",
  isAbsent: () => false,
  isValid: (value) => announcedHost(value) === value,
  write: (writer, number, value) =>
    writer.tag(number, WireType.LengthDelimited).bytes(parseIp(value) ?? new Uint8Array(0)),
  read: (reader) => {
    const bytes = reader.bytes();
    return bytes.length === 4 || bytes.length === 16 ? ipText(parseIp(ipText(bytes)) ?? bytes) : "";
  },
};

/** Structs by name, as JSON. */
const METADATA: FieldType<AnnouncedEndpoint["metadata"]> = {
  wire: WireType.LengthDelimited,
  absent: () => ({}),
  isAbsent: (value) => Object.keys(value).length === 0,
  isValid: (value) =>
    isObject(value) &&
    Object.values(value).every(isObject) &&
    Buffer.byteLength(JSON.stringify(value)) <= ANNOUNCED_METADATA_BYTES_MAX,
  write: (writer, number, value) => writer.tag(number, WireType.LengthDelimited).string(JSON.stringify(value)),
  read: (reader) => JSON.parse(reader.string(true)) as AnnouncedEndpoint["metadata"],
};

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !Object.hasOwn(value, "__proto__");
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const ENDPOINT: Shape<FlatEndpoint> = fieldsShape("endpoint", {
  host: [1, ADDRESS],
  port: [2, count(65_535, 1)],
  weight: [3, count(ANNOUNCED_WEIGHT_MAX, 1)],
  region: [4, shownText(ANNOUNCED_NAME_BYTES_MAX)],
  zone: [5, shownText(ANNOUNCED_NAME_BYTES_MAX)],
  subZone: [6, shownText(ANNOUNCED_NAME_BYTES_MAX)],
  metadata: [7, METADATA],
});

const ANNOUNCEMENT: Shape<FlatAnnouncement> = fieldsShape(
  "announcement",
  {
    version: [1, count(WIRE_VERSION, WIRE_VERSION)],
    node: [2, shownText(NODE_BYTES_MAX, 1)],
    instance: [3, hex128],
    sequence: [4, count(COUNT_MAX, 1)],
    service: [5, shownText(ANNOUNCED_NAME_BYTES_MAX, 1)],
    endpoints: [6, list(ENDPOINT, ANNOUNCED_ENDPOINTS_MAX)],
  },
  hasNoTwins,
);
