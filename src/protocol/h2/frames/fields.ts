// The fields of a head in the order and form HTTP/2 wants them (RFC 9113 §8.2, §8.3): pseudo-headers first, nothing of HTTP/1's framing.
import type { HeaderList } from "../../header-list.ts";
import { H, KNOWN_NAME_COUNT } from "../../header-names.ts";
import type { HpackEncoder } from "../hpack/encoder.ts";

/** Encodes all fields of `list`, the status first when it has one. `host` is dropped: `:authority` stands for it. */
export function writeFields(encoder: HpackEncoder, list: HeaderList): void {
  if (list.status !== 0) encoder.status(list.status);
  const bytes = list.bytes;
  const count = list.count;
  let pseudos = 0;
  // Filters append, so a pseudo-header may stand anywhere: most often all stand in front, and the second pass is skipped.
  let straggler = false;
  for (let i = 0; i < count; i++) {
    const id = list.idAt(i);
    if (POLICY[id] !== Policy.Pseudo) continue;
    if (i !== pseudos) straggler = true;
    pseudos++;
    encoder.field(id, bytes, 0, 0, bytes, list.valueStart(i), list.valueEnd(i));
  }
  for (let i = straggler ? 0 : pseudos; i < count; i++) {
    const id = list.idAt(i);
    const start = list.valueStart(i);
    const end = list.valueEnd(i);
    switch (POLICY[id]) {
      case Policy.Plain:
        if (id !== 0) encoder.field(id, bytes, 0, 0, bytes, start, end);
        else encoder.field(0, bytes, list.nameStart(i), list.nameEnd(i), bytes, start, end);
        break;
      case Policy.Sensitive:
        encoder.sensitive(id, bytes, start, end);
        break;
      case Policy.Cookie:
        // A short cookie can be guessed byte by byte through the table's size (RFC 7541 §7.1.3), as nghttp2 judges it.
        if (end - start < COOKIE_INDEXED_MIN) encoder.sensitive(id, bytes, start, end);
        else encoder.field(id, bytes, 0, 0, bytes, start, end);
        break;
      case Policy.Te:
        if (list.valueIs(i, TRAILERS)) encoder.field(id, bytes, 0, 0, bytes, start, end);
        break;
      default:
        break;
    }
  }
}

const Policy = { Plain: 0, Dropped: 1, Pseudo: 2, Sensitive: 3, Cookie: 4, Te: 5 } as const;
const COOKIE_INDEXED_MIN = 20;
const TRAILERS: Uint8Array = Buffer.from("trailers", "latin1");

const POLICY: Uint8Array = new Uint8Array(KNOWN_NAME_COUNT);
for (const id of [H.PSEUDO_METHOD, H.PSEUDO_SCHEME, H.PSEUDO_AUTHORITY, H.PSEUDO_PATH, H.PSEUDO_PROTOCOL]) {
  POLICY[id] = Policy.Pseudo;
}
for (const id of [
  H.PSEUDO_STATUS,
  H.HOST,
  H.CONNECTION,
  H.KEEP_ALIVE,
  H.PROXY_CONNECTION,
  H.TRANSFER_ENCODING,
  H.UPGRADE,
  H.HTTP2_SETTINGS,
]) {
  POLICY[id] = Policy.Dropped;
}
for (const id of [H.AUTHORIZATION, H.PROXY_AUTHORIZATION, H.SET_COOKIE]) POLICY[id] = Policy.Sensitive;
POLICY[H.COOKIE] = Policy.Cookie;
POLICY[H.TE] = Policy.Te;
