// Session tickets with keys that several workers share. Node's own `ticketKeys` issues no new ticket when a TLS 1.3 session resumes, so
// that a client that uses each ticket once (browsers do) shakes hands anew every third time. The callback that Node offers below its
// documented surface renews them; without it the keys serve as Node uses them. Called by tls-contexts.ts.
import { randomBytes } from "node:crypto";
import type { SecureContext } from "node:tls";

/**
 * Tickets of this context are made with the first 48 bytes (name, HMAC key, AES key: 16 each) and accepted with any further 48.
 * The context must have been made with the first 48 as its `ticketKeys`.
 */
export function shareTicketKeys(context: SecureContext, keys: Buffer): void {
  const inner = context.context as InnerContext;
  if (typeof inner.enableTicketKeyCallback !== "function") return;
  const sets = keySets(keys);
  const [issuing] = sets;
  if (issuing === undefined) return;
  inner.onticketkeycallback = (name, _iv, issue) => {
    if (issue) return [USE, issuing.hmac, issuing.aes, issuing.name, randomBytes(16)];
    const known = sets.find((set) => set.name.equals(name));
    return known === undefined ? [FORGET, issuing.hmac, issuing.aes] : [USE_AND_RENEW, known.hmac, known.aes];
  };
  inner.enableTicketKeyCallback();
}

/** Length of one set of ticket keys. */
export const TICKET_KEY_BYTES: number = 48;

interface InnerContext {
  enableTicketKeyCallback?: () => void;
  onticketkeycallback?: (name: Buffer, iv: Buffer, issue: boolean) => readonly [number, ...Buffer[]];
}

interface KeySet {
  readonly name: Buffer;
  readonly hmac: Buffer;
  readonly aes: Buffer;
}

function keySets(keys: Buffer): KeySet[] {
  const sets: KeySet[] = [];
  for (let at = 0; at + TICKET_KEY_BYTES <= keys.length; at += TICKET_KEY_BYTES) {
    const part = (index: number): Buffer => keys.subarray(at + index * 16, at + (index + 1) * 16);
    sets.push({ name: part(0), hmac: part(1), aes: part(2) });
  }
  return sets;
}

// Answers of OpenSSL's ticket key callback (SSL_CTX_set_tlsext_ticket_key_cb).
const FORGET = 0;
const USE = 1;
const USE_AND_RENEW = 2;
