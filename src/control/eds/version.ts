// Versions of resources and responses.
import { createHash } from "node:crypto";

/** A short text that differs when the content does: 96 bits of its SHA-256. */
export function versionOf(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("base64url").slice(0, LENGTH);
}

const LENGTH = 16;
