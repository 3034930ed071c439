// Messages that come as protobuf bytes or as plain JSON values instead of text, checked as files are.
// Called by the control plane: discovery responses (bytes) and the requests and reports it builds (values).
import { loadDescriptorSet } from "../schema/descriptor-set.ts";
import type { CheckContext } from "./check-context.ts";
import { checkMessage } from "./check-message.ts";
import type { JsonValue, LoadResult, Position } from "./checked.ts";
import { Complaints } from "./complaints.ts";
import { readWireMessage } from "./read-wire.ts";
import type { Written } from "./written.ts";

/** A message of this type from its bytes. `from` is the name that diagnostics show, e.g. the server's. Never throws. */
export function loadWireMessage(bytes: Uint8Array, type: string, from: string): LoadResult {
  const complaints = newComplaints(from);
  try {
    const context = { set: loadDescriptorSet(), position: complaints.start, depth: 0 };
    return check(complaints, type, readWireMessage(context, type, bytes));
  } catch (fault) {
    complaints.error(
      complaints.start,
      "",
      `not readable as ${type}: ${fault instanceof Error ? fault.message : fault}`,
    );
    return check(complaints, type, null);
  }
}

/** What a google.protobuf.Any packs, from its URL and bytes. */
export function loadAny(any: { readonly typeUrl: string; readonly value: Uint8Array }, from: string): LoadResult {
  const type = any.typeUrl.slice(any.typeUrl.lastIndexOf("/") + 1);
  if (loadDescriptorSet().message(type) !== undefined) return loadWireMessage(any.value, type, from);
  const complaints = newComplaints(from);
  complaints.error(complaints.start, "@type", `the type ${type} is not known`);
  return check(complaints, type, null);
}

/** A message of this type from a plain value in proto3's JSON form. */
export function loadJsonValue(value: JsonValue, type: string, from: string): LoadResult {
  const complaints = newComplaints(from);
  return check(complaints, type, writtenOf(value, complaints.start));
}

function newComplaints(from: string): Complaints {
  return new Complaints(from, { allowUnknownFields: true, compat: "starling" });
}

function check(complaints: Complaints, type: string, written: Written | null): LoadResult {
  const set = loadDescriptorSet();
  const context: CheckContext = {
    set,
    complaints,
    format: "json",
    message: checkMessage,
    depth: 0,
    optionalAt: null,
  };
  const message = written === null ? undefined : checkMessage({ ...context }, type, written, "");
  const errors = complaints.sortedErrors();
  const readable = message ?? null;
  return { message: errors.length === 0 ? readable : null, readable, errors, warnings: complaints.sortedWarnings() };
}

function writtenOf(value: JsonValue, position: Position): Written {
  if (value === null) return { kind: "null", position };
  if (typeof value === "string") return { kind: "scalar", text: value, plain: false, position };
  if (typeof value !== "object") return { kind: "scalar", text: String(value), plain: true, position };
  if (Array.isArray(value)) {
    return { kind: "list", items: (value as readonly JsonValue[]).map((one) => writtenOf(one, position)), position };
  }
  const entries = Object.entries(value).map(([key, one]) => {
    return { key, position, value: writtenOf(one, position), merged: false };
  });
  return { kind: "map", entries, position };
}
