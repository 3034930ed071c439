// Messages of the mesh as bytes. Called by the mesh actor before it publishes; what is over its limits is a bug of ours.
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { type Changes, MESSAGE_BYTES_MAX, type MeshMessage } from "./messages.ts";
import { ENVELOPE, WIRE_VERSION } from "./shapes.ts";

/** The bytes of a message. */
export function encode(message: Exclude<MeshMessage, Changes>): Uint8Array {
  const bytes = bytesOf(message);
  if (bytes.length > MESSAGE_BYTES_MAX) throw new Error(`beyond its limits: ${message.type} of ${bytes.length} bytes`);
  return bytes;
}

/** Changes as one message, or as several when long names make them too large for one. */
export function encodeChanges(message: Changes): readonly Uint8Array[] {
  const bytes = bytesOf(message);
  if (bytes.length <= MESSAGE_BYTES_MAX) return [bytes];
  const { first, changes } = message;
  const half = Math.ceil(changes.length / 2);
  return [
    ...encodeChanges({ ...message, changes: changes.slice(0, half) }),
    ...encodeChanges({ ...message, first: first + half, changes: changes.slice(half) }),
  ];
}

function bytesOf(message: MeshMessage): Uint8Array {
  const { node, instance, epoch } = message;
  const writer = new BinaryWriter();
  ENVELOPE.write(writer, { version: WIRE_VERSION, node, instance, epoch, body: message });
  return writer.finish();
}
