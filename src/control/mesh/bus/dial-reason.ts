// Why a connection to a server could not be made, in words for an operator. Called by nats-link.ts.

/** How far TLS had come. */
export interface TlsStage {
  /** The handshake had begun. */
  readonly hasBegun: boolean;
  /** We have a certificate to show. */
  readonly hasCertificate: boolean;
}

/** One line. A server that ends TLS by an alert, or without a word, as it may when it misses a certificate, is said to have done so. */
export function dialReason(error: unknown, { hasBegun, hasCertificate }: TlsStage): string {
  const { message = "", code = "" } = (error ?? {}) as NodeJS.ErrnoException;
  const alert = ALERT.exec(code)?.groups?.["words"]?.toLowerCase().replaceAll("_", " ");
  const isEnd = message === "" || END_MESSAGES.has(message) || END_CODES.has(code);
  if (!hasBegun || (alert === undefined && !isEnd)) return linkReason(error);
  const how = alert ?? (END_CODES.has(code) ? code : "without a word");
  const ended = `the server ended the TLS connection (${how})`;
  if (alert !== undefined && !ABOUT_US.test(alert)) return ended;
  return `${ended}: it may ${hasCertificate ? "not take our" : "want a"} client certificate (--mesh-cert)`;
}

/** Why one that was there ended. */
export function linkReason(error: unknown): string {
  const { message, code = "unknown" } = error as NodeJS.ErrnoException;
  return message === "" ? code : (REASONS.get(message) ?? message);
}

/** OpenSSL's codes for what a peer's alert says. */
const ALERT = /^ERR_SSL_.*_ALERT_(?<words>.+)$/;
/** Alerts by which a server says that it does not like who we are. */
const ABOUT_US = /certificate|unknown ca|access denied|handshake failure/;
/** The system's codes for a peer that is gone. */
const END_CODES: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED"]);
/** The library's words when Node had none. */
const UNDEFINED_ERROR = "error connecting - node provided an undefined error";
const END_MESSAGES: ReadonlySet<string> = new Set([UNDEFINED_ERROR, "connection closed"]);

/** The library's words that say little. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ["timeout", "no answer in time"],
  [UNDEFINED_ERROR, "the server closed the connection"],
]);
