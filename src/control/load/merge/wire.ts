// What nodes say to each other of load, as bytes: protobuf starling.mesh.v1 as tables, as all messages of the mesh. What breaks a limit in
// any way is no message at all; on writing it is a bug of ours.
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { AddressPlan } from "../../../config/plan/address.ts";
import type { ClusterLoad, ConnectionCounts, EndpointLoad, LoadCounts, LocalityLoad } from "../../../messages/load.ts";
import { count, type FieldType, flag, hex64, hex128, list, text } from "../../mesh/wire/fields.ts";
import { COUNT_MAX, MESSAGE_BYTES_MAX, NODE_BYTES_MAX } from "../../mesh/wire/messages.ts";
import { fieldsShape, kindsShape, type Shape } from "../../mesh/wire/shape.ts";
import { connectionCounts } from "../connection-counts.ts";
import { CATEGORIES_MAX, type LoadBatch, NAME_BYTES_MAX } from "./batch.ts";
import type { LoadNote, LoadReply, LoadRequest } from "./merge-messages.ts";
import { INTERVAL_MS_MAX, PAGE_NAMES_MAX, SUBSCRIBED_MAX, type SubscriptionPage } from "./subscription.ts";

/** One message. */
export type LoadMessage =
  | (LoadRequest & { readonly type: "load-request" })
  | (LoadReply & { readonly type: "load-reply" })
  | (LoadNote & { readonly type: "load-note" });

/** The bytes of a message. */
export function encodeLoad(message: LoadMessage): Uint8Array {
  const writer = new BinaryWriter();
  MESSAGE.write(writer, { version: VERSION, body: message });
  const bytes = writer.finish();
  if (bytes.length > MESSAGE_BYTES_MAX) throw new Error(`beyond its limits: ${message.type} of ${bytes.length} bytes`);
  return bytes;
}

/** The message that these bytes are, or null. Never throws, and keeps nothing of the bytes. */
export function decodeLoad(payload: Uint8Array): LoadMessage | null {
  if (payload.length > MESSAGE_BYTES_MAX) return null;
  try {
    return MESSAGE.read(new BinaryReader(payload, (bytes) => UTF8.decode(bytes)), payload.length).body;
  } catch {
    return null; // a WireFault, or what the library throws
  }
}

/** A message in another, read and written in another form. */
function as<Value, Form>(shape: Shape<Form>, to: (value: Value) => Form, from: (form: Form) => Value): Shape<Value> {
  return {
    write: (writer, value) => shape.write(writer, to(value)),
    read: (reader, end) => from(shape.read(reader, end)),
  };
}

/** One message in another, or none. */
function maybe<Value>(shape: Shape<Value>): FieldType<Value | null> {
  const one = list(shape, 1);
  return {
    wire: WireType.LengthDelimited,
    absent: () => null,
    isAbsent: (value) => value === null,
    isValid: () => true,
    write: (writer, number, value) => one.write(writer, number, value === null ? [] : [value]),
    read: (reader) => one.read(reader, [])[0] ?? null,
  };
}

/** 64 bits in hex; empty: none. */
const maybeHex64: FieldType<string> = {
  ...hex64,
  absent: () => "",
  isAbsent: (value) => value === "",
  isValid: (value) => value === "" || hex64.isValid(value),
};

const NAMES: FieldType<readonly string[]> = {
  wire: WireType.LengthDelimited,
  absent: () => [],
  isAbsent: (value) => value.length === 0,
  isValid: (value) => value.length <= PAGE_NAMES_MAX && value.every((name) => NAME.isValid(name)),
  write: (writer, number, value) => {
    for (const name of value) NAME.write(writer, number, name);
  },
  read: (reader, before) => {
    // One more than there may be is enough for `isValid`.
    if (before.length <= PAGE_NAMES_MAX) (before as string[]).push(NAME.read(reader, ""));
    return before;
  },
};

interface Body {
  readonly version: number;
  readonly body: LoadMessage;
}

type FlatEndpoint = LoadCounts & { readonly host: string; readonly port: number; readonly path: string };
type FlatLocality = Omit<LocalityLoad, "locality" | "connections"> & LocalityLoad["locality"] & ConnectionCounts;

const NAME: FieldType<string> = text(NAME_BYTES_MAX);
const COUNT: FieldType<number> = count(COUNT_MAX);
const VERSION = 1;
const PORT_MAX = 65_535;
const PRIORITY_MAX = 127;
const HOST_BYTES_MAX = 255;
const PATH_BYTES_MAX = 108;
const NO_CONNECTIONS: ConnectionCounts = { opened: 0, failed: 0, active: 0 };
/** Of one batch: its bytes bound them. */
const ITEMS_MAX = 4_096;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function flatEndpoint({ address, ...counts }: EndpointLoad): FlatEndpoint {
  if (address.kind === "pipe") return { ...counts, host: "", port: 0, path: address.path };
  return { ...counts, host: address.host, port: address.port, path: "" };
}

function endpointLoad({ host, port, path, ...counts }: FlatEndpoint): EndpointLoad {
  const socket: AddressPlan = { kind: "socket", host, port, ipv4Compat: false };
  return { ...counts, address: path === "" ? socket : { kind: "pipe", path, mode: 0 } };
}

function flatLocality({ locality, connections, ...rest }: LocalityLoad): FlatLocality {
  return { ...rest, ...locality, ...(connections ?? NO_CONNECTIONS) };
}

function localityLoad({ region, zone, subZone, opened, failed, active, ...rest }: FlatLocality): LocalityLoad {
  return { ...rest, locality: { region, zone, subZone }, connections: connectionCounts(opened, failed, active) };
}

const ENDPOINT: Shape<EndpointLoad> = as(
  fieldsShape<FlatEndpoint>(
    "endpoint",
    {
      host: [1, text(HOST_BYTES_MAX)],
      port: [2, count(PORT_MAX)],
      path: [3, text(PATH_BYTES_MAX)],
      success: [4, COUNT],
      error: [5, COUNT],
      issued: [6, COUNT],
      inProgress: [7, COUNT],
    },
    ({ host, path }) => (host === "") !== (path === ""),
  ),
  flatEndpoint,
  endpointLoad,
);

const LOCALITY: Shape<LocalityLoad> = as(
  fieldsShape<FlatLocality>("locality", {
    region: [1, NAME],
    zone: [2, NAME],
    subZone: [3, NAME],
    priority: [4, count(PRIORITY_MAX)],
    success: [5, COUNT],
    error: [6, COUNT],
    issued: [7, COUNT],
    inProgress: [8, COUNT],
    endpoints: [9, list(ENDPOINT, ITEMS_MAX)],
    opened: [10, COUNT],
    failed: [11, COUNT],
    active: [12, COUNT],
  }),
  flatLocality,
  localityLoad,
);

const CLUSTER: Shape<ClusterLoad> = fieldsShape("cluster", {
  cluster: [1, text(NAME_BYTES_MAX, 1)],
  serviceName: [2, NAME],
  localities: [3, list(LOCALITY, ITEMS_MAX)],
  droppedTotal: [4, COUNT],
  dropped: [5, list(fieldsShape("drop", { category: [1, NAME], count: [2, COUNT] }), CATEGORIES_MAX)],
});

const BATCH: Shape<LoadBatch> = fieldsShape("batch", {
  sequence: [1, count(COUNT_MAX, 1)],
  isFirst: [2, flag],
  clusters: [3, list(CLUSTER, ITEMS_MAX)],
});

const PAGE: Shape<SubscriptionPage> = fieldsShape(
  "page",
  {
    id: [1, hex64],
    sendsAll: [2, flag],
    intervalMs: [3, count(INTERVAL_MS_MAX, 1)],
    hasEndpoints: [4, flag],
    from: [5, count(SUBSCRIBED_MAX)],
    total: [6, count(SUBSCRIBED_MAX)],
    names: [7, NAMES],
  },
  ({ from, total, names }) => from + names.length <= total,
);

const BODY: Shape<LoadMessage> = kindsShape<LoadMessage>("load", {
  "load-request": [
    1,
    fieldsShape(
      "request",
      {
        node: [1, text(NODE_BYTES_MAX, 1)],
        instance: [2, hex128],
        floor: [3, count(COUNT_MAX, 1)],
        batch: [4, maybe(BATCH)],
        mayRepeat: [5, flag],
        knows: [6, maybeHex64],
        gathers: [7, maybeHex64],
        from: [8, count(SUBSCRIBED_MAX)],
      },
      ({ batch, floor }) => batch === null || batch.sequence >= floor,
    ),
  ],
  "load-reply": [
    2,
    fieldsShape(
      "reply",
      {
        node: [1, text(NODE_BYTES_MAX, 1)],
        instance: [2, hex128],
        isReporter: [3, flag],
        accepted: [4, COUNT],
        settled: [5, COUNT],
        page: [6, maybe(PAGE)],
      },
      ({ accepted, settled }) => settled <= accepted,
    ),
  ],
  "load-note": [3, fieldsShape("note", { instance: [1, hex128], settled: [2, COUNT] })],
});

const MESSAGE: Shape<Body> = fieldsShape<Body>("message", {
  version: [1, count(VERSION, VERSION)],
  body: [
    2,
    {
      wire: WireType.LengthDelimited,
      absent: () => NONE,
      isAbsent: () => false,
      isValid: (value) => value !== NONE,
      write: (writer, number, value) => list(BODY, 1).write(writer, number, [value]),
      read: (reader) => list(BODY, 1).read(reader, [])[0] ?? NONE,
    },
  ],
});

/** Of a message without a body: never given away. */
const NONE: LoadMessage = { type: "load-note", instance: "", settled: 0 };
