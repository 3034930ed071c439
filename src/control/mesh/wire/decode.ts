// Messages of the mesh from bytes that anybody may have sent. Called by the mesh actor; never throws, and keeps nothing of the bytes.
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { WireFault } from "./fields.ts";
import { type Change, MESSAGE_BYTES_MAX, type MeshMessage } from "./messages.ts";
import { type Body, ENVELOPE, WIRE_VERSION } from "./shapes.ts";

/** Why bytes are no message. `unknown-version`: perhaps of a newer Starling. `detail`: for people. */
export interface Rejected {
  readonly kind: "rejected";
  readonly reason: "too-large" | "unknown-version" | "malformed" | "out-of-range";
  readonly detail: string;
}

/** A message, with every limit of messages.ts kept, or what is wrong. */
export type Decoded = { readonly kind: "message"; readonly message: MeshMessage } | Rejected;

/** Reads one message. */
export function decode(payload: Uint8Array): Decoded {
  if (payload.length > MESSAGE_BYTES_MAX) return rejected("too-large", `${payload.length} bytes`);
  if (payload[0] !== VERSION_TAG) return rejected("malformed", "no version");
  if (payload[1] !== WIRE_VERSION) return rejected("unknown-version", `version ${payload[1]}`);
  try {
    return { kind: "message", message: read(payload) };
  } catch (error) {
    return error instanceof WireFault
      ? rejected(error.reason, error.message)
      : rejected("malformed", String((error as Error).message));
  }
}

function read(payload: Uint8Array): MeshMessage {
  const { node, instance, epoch, body } = ENVELOPE.read(new BinaryReader(payload, utf8), payload.length);
  return { ...withGroup(body as Body), node, instance, epoch } as MeshMessage;
}

/** Exact: a byte order mark is a character, and what is no UTF-8 throws. */
function utf8(bytes: Uint8Array): string {
  return UTF8.decode(bytes);
}

function withGroup(body: Body): Body {
  if (body.type !== "changes") return body;
  return { ...body, group: groupOf(body.changes) } as Body;
}

/** Empty: of several groups. */
function groupOf(changes: readonly Change[]): string {
  const group = changes[0]?.group ?? "";
  return changes.every((one) => one.group === group) ? group : "";
}

function rejected(reason: Rejected["reason"], detail: string): Rejected {
  return { kind: "rejected", reason, detail };
}

/** Field 1, varint: the version comes first and has one byte. */
const VERSION_TAG = 8;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
