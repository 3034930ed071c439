// The client connection preface (RFC 9113 §3.4). Also read by whoever tells HTTP/2 from HTTP/1 by first bytes.

/** The 24 bytes that every client starts with. */
export const CLIENT_PREFACE: Uint8Array = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
