// The heads of tunnels in the two forms they have: HTTP/1's upgrade (RFC 9110 §7.8), in which the house knows them all, and HTTP/2's extended
// CONNECT (RFC 8441). Pure; called where a head comes in or goes out.
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";

/** What CONNECT is called among the types of upgrades. */
export const CONNECT_UPGRADE = "connect";

/** Rewrites an extended CONNECT as the upgrade that it stands for; answers its type in lower case. */
export function takeExtendedConnect(head: HeaderList): string {
  const protocol = head.value(H.PSEUDO_PROTOCOL) ?? "";
  head.remove(H.PSEUDO_PROTOCOL);
  head.setText(H.PSEUDO_METHOD, "GET");
  head.setText(H.UPGRADE, protocol);
  head.setText(H.CONNECTION, "upgrade");
  return protocol.toLowerCase();
}

/** Rewrites an upgrade as an extended CONNECT, for an upstream of HTTP/2. HTTP/1's two fields stay: no HTTP/2 codec writes them. */
export function makeExtendedConnect(head: HeaderList): void {
  head.setText(H.PSEUDO_METHOD, "CONNECT");
  head.setText(H.PSEUDO_PROTOCOL, head.value(H.UPGRADE) ?? "");
}

/** The same back, when the head was written. */
export function unmakeExtendedConnect(head: HeaderList, method: string): void {
  head.setText(H.PSEUDO_METHOD, method);
  head.remove(H.PSEUDO_PROTOCOL);
}

/** An HTTP/2 upstream's 200 is HTTP/1's 101. */
export function grantedFromHttp2(head: HeaderList, type: string): void {
  head.status = 101;
  head.setText(H.UPGRADE, type);
  head.setText(H.CONNECTION, "upgrade");
}

/** HTTP/1's 101 is 200 to a client of HTTP/2. */
export function grantedToHttp2(head: HeaderList): void {
  head.status = 200;
  head.remove(H.UPGRADE);
  head.remove(H.CONNECTION);
}
