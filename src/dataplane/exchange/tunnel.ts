// The tunnel that a request asks for: an upgrade, or CONNECT. Made when the client may have it; its exchange, its router and its call ask it
// how the heads are to look on either side and whether an answer opens it.
import type { Random } from "../../base/random.ts";
import { fault as makeFault, type ProtocolFault } from "../../protocol/fault.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import type { MessageWriter } from "../../protocol/message.ts";
import { CONNECT_UPGRADE, grantedFromHttp2, makeExtendedConnect, unmakeExtendedConnect } from "./tunnel-heads.ts";

/** One tunnel. */
export class Tunnel {
  /** Lower case; `connect` for CONNECT. */
  readonly type: string;
  /** A CONNECT whose bytes go to the endpoint as they are. */
  readonly endsHere: boolean;
  private readonly downstream: "http1" | "http2";
  private readonly random: Random;

  constructor(type: string, endsHere: boolean, downstream: "http1" | "http2", random: Random) {
    this.type = type;
    this.endsHere = endsHere;
    this.downstream = downstream;
    this.random = random;
  }

  /** Whether an answer opens it, in the form that HTTP/1 has. */
  opensWith(status: number): boolean {
    return this.type === CONNECT_UPGRADE ? status >= 200 && status < 300 : status === 101;
  }

  /** Writes the request's head, as an upstream of this protocol is to read it. */
  writeHead(writer: MessageWriter, head: HeaderList, protocol: "http1" | "http2" | "raw"): void {
    if (protocol === "http2" && this.type !== CONNECT_UPGRADE) {
      const method = head.value(H.PSEUDO_METHOD) ?? "GET";
      makeExtendedConnect(head);
      writer.writeHead(head, false);
      unmakeExtendedConnect(head, method);
      return;
    }
    // RFC 8441 §5.1: a client of HTTP/2 sends none, and an upstream of HTTP/1 asks for one.
    const lacksKey = this.downstream === "http2" && this.type === "websocket";
    if (lacksKey && head.valueByName(WEBSOCKET_KEY) === undefined) head.add(WEBSOCKET_KEY, nonce(this.random));
    writer.writeHead(head, false);
  }

  /** Makes an upstream's answer what it would be in HTTP/1. */
  undress(head: HeaderList, protocol: "http1" | "http2" | "raw"): void {
    if (protocol === "http2" && this.type !== CONNECT_UPGRADE && head.status === 200) grantedFromHttp2(head, this.type);
    // What is in a tunnel has no length that a head could know (RFC 9110 §9.3.6).
    if (this.opensWith(head.status)) head.remove(H.CONTENT_LENGTH);
  }
}

/** 16 bytes as base64: proves that the other end understood the request, and is no secret (RFC 6455 §10.3). */
function nonce(random: Random): string {
  const words = Uint32Array.from({ length: 4 }, () => random.next32());
  return Buffer.from(words.buffer).toString("base64");
}

const WEBSOCKET_KEY = "sec-websocket-key";

/** An upstream that switches protocols although nobody asked for it. */
export const UNASKED_SWITCH: ProtocolFault = makeFault("codec_error", "unexpected_101", {
  scope: "stream",
  cite: "RFC 9110 §15.2.2",
});
