// Requests and responses of the discovery services as bytes. Field numbers come from the descriptor set; of a request only what is acted
// on is read, because Envoy's names all of its extensions each time. Called by eds-actor.ts.
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { CheckedMessage, CheckedValue } from "../../config/load/checked.ts";
import { toWire } from "../../config/load/write-wire.ts";
import { loadDescriptorSet } from "../../config/schema/descriptor-set.ts";
import type { Dialect, Push, XdsRequest } from "./xds.ts";

/** The one type of resource that is served. */
export const ASSIGNMENT_URL = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";

/** A request from its bytes; throws on bytes that are none. */
export function readRequest(bytes: Uint8Array, dialect: Dialect): XdsRequest {
  const request = { typeUrl: "", node: "", nonce: "", error: null as string | null };
  const common = {
    type_url: (value: Uint8Array) => {
      request.typeUrl = textOf(value);
    },
    response_nonce: (value: Uint8Array) => {
      request.nonce = textOf(value);
    },
    node: (value: Uint8Array) => {
      request.node = textIn(value, "envoy.config.core.v3.Node", "id");
    },
    error_detail: (value: Uint8Array) => {
      request.error = textIn(value, "google.rpc.Status", "message");
    },
  };
  if (dialect === "sotw") {
    const names: string[] = [];
    eachField(bytes, "envoy.service.discovery.v3.DiscoveryRequest", {
      ...common,
      resource_names: (value) => names.push(textOf(value)),
    });
    return { ...request, dialect, names };
  }
  const subscribe: string[] = [];
  const unsubscribe: string[] = [];
  const versions = new Map<string, string>();
  eachField(bytes, "envoy.service.discovery.v3.DeltaDiscoveryRequest", {
    ...common,
    resource_names_subscribe: (value) => subscribe.push(textOf(value)),
    resource_names_unsubscribe: (value) => unsubscribe.push(textOf(value)),
    initial_resource_versions: (value) => versions.set(...entryOf(value)),
  });
  return { ...request, dialect, subscribe, unsubscribe, versions };
}

/** A response's bytes. */
export function writePush(push: Push): Uint8Array {
  const common = { type_url: ASSIGNMENT_URL, nonce: push.nonce };
  if (push.dialect === "sotw") {
    const type = "envoy.service.discovery.v3.DiscoveryResponse";
    const head = checked(type, { ...common, version_info: push.version });
    return withRepeated(
      head,
      "resources",
      push.resources.map(({ bytes }) => bytes),
    );
  }
  const head = checked("envoy.service.discovery.v3.DeltaDiscoveryResponse", {
    ...common,
    system_version_info: push.version,
    removed_resources: push.removed,
  });
  const resources = push.resources.map(({ name, version, bytes }) =>
    withRepeated(checked("envoy.service.discovery.v3.Resource", { name, version }), "resource", [bytes]),
  );
  return withRepeated(head, "resources", resources);
}

/** A message that is made here, not read from a file. */
export function checked(type: string, fields: Readonly<Record<string, CheckedValue>>): CheckedMessage {
  return { kind: "message", type, fields, positions: {}, position: { file: "", line: 0, column: 0 }, path: "" };
}

/** The bytes of a message with messages in one more field, each as bytes. */
export function withRepeated(head: CheckedMessage, field: string, messages: Iterable<Uint8Array>): Uint8Array {
  const number = fieldNumber(head.type, field);
  const writer = new BinaryWriter().raw(toWire(head));
  for (const message of messages) writer.tag(number, WireType.LengthDelimited).bytes(message);
  return writer.finish();
}

/** Calls for each of these fields (texts, messages or map entries) with its bytes. */
function eachField(
  bytes: Uint8Array,
  type: string,
  visit: Readonly<Record<string, (value: Uint8Array) => void>>,
): void {
  const visits = new Map(Object.entries(visit).map(([field, call]) => [fieldNumber(type, field), call]));
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    const call = visits.get(number);
    if (call === undefined) reader.skip(wire, number);
    else if (wire === WireType.LengthDelimited) call(reader.bytes());
    else throw new RangeError(`field ${number} of ${type} has another type`);
  }
}

function textIn(bytes: Uint8Array, type: string, field: string): string {
  let found = "";
  eachField(bytes, type, {
    [field]: (value) => {
      found = textOf(value);
    },
  });
  return found;
}

function entryOf(bytes: Uint8Array): [key: string, value: string] {
  const found: [string, string] = ["", ""];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (number === 1 || number === 2) found[number - 1] = reader.string();
    else reader.skip(wire, number);
  }
  return found;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}

/** The number of a field; throws when there is none of that name. */
export function fieldNumber(type: string, name: string): number {
  const shape = loadDescriptorSet().message(type);
  const field = shape === undefined ? undefined : loadDescriptorSet().fields(shape).get(name);
  if (field === undefined) throw new TypeError(`${type} has no ${name}`);
  return field.number;
}
