// Further %OPERATORS% of access logs: of the client's certificate, and of addresses and times that few formats ask for. Part of
// exchange-format.ts's table; answered only where a format has them.
import { createHash, type X509Certificate } from "node:crypto";
import { formatTime, isoTime } from "../../base/iso-time.ts";
import { certificateNames } from "../../net/distinguished-name.ts";
import { type AlternativeName, alternativeNames } from "../../net/tls-peer.ts";
import { H } from "../../protocol/header-names.ts";
import { milliseconds, withPort } from "../routing/access-line.ts";
import type { Exchange } from "./exchange.ts";

/** Answers one operator of an exchange. */
export type Operator = (exchange: Exchange, args: readonly string[]) => string | undefined;

/** By name. */
export const MORE_OPERATORS: Readonly<Record<string, Operator>> = {
  TRAILER: ({ response }, args) => {
    for (const name of args) {
      const value = response.trailerList?.valueByName(name);
      if (value !== undefined && value !== "") return value;
    }
    return undefined;
  },
  QUERY_PARAM: ({ request }, [name = ""]) => queryParameter(request?.value(H.PSEUDO_PATH) ?? "", name),
  STREAM_ID: ({ request }) => request?.value(H.X_REQUEST_ID),
  RESPONSE_TX_DURATION: (exchange) => {
    const { requestEndMs, router } = exchange;
    if (router.upstreamServiceMs < 0) return undefined;
    return milliseconds(exchange.nowMs() - requestEndMs - router.upstreamServiceMs);
  },
  // Of the connection: an endpoint that could not be reached has none.
  UPSTREAM_REMOTE_ADDRESS: ({ router }) => (router.call.stream === null ? undefined : router.call.endpoint?.text),
  UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: (exchange) => reached(exchange)?.host,
  UPSTREAM_REMOTE_PORT: (exchange) => reached(exchange)?.port.toString(),
  UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: ({ router }) => router.call.stream?.channel.localAddress,
  UPSTREAM_LOCAL_PORT: ({ router }) => {
    const port = router.call.stream?.channel.localPort;
    return port === undefined ? undefined : String(port);
  },
  UPSTREAM_TLS_VERSION: ({ router }) => router.call.stream?.channel.tls?.version,
  UPSTREAM_TLS_CIPHER: ({ router }) => router.call.stream?.channel.tls?.cipher,
  DOWNSTREAM_DIRECT_LOCAL_ADDRESS: ({ owner }) =>
    withPort(owner?.facts.localAddress ?? "", owner?.facts.localPort ?? 0),
  DOWNSTREAM_DIRECT_REMOTE_PORT: ({ owner }) => String(owner?.facts.remotePort ?? 0),
  DOWNSTREAM_PEER_SUBJECT: ofPeer((peer) => certificateNames(peer.raw).subject),
  DOWNSTREAM_PEER_ISSUER: ofPeer((peer) => certificateNames(peer.raw).issuer),
  DOWNSTREAM_PEER_SERIAL: ofPeer((peer) => peer.serialNumber.toLowerCase()),
  DOWNSTREAM_PEER_FINGERPRINT_256: ofPeer((peer) => createHash("sha256").update(peer.raw).digest("hex")),
  DOWNSTREAM_PEER_FINGERPRINT_1: ofPeer((peer) => createHash("sha1").update(peer.raw).digest("hex")),
  DOWNSTREAM_PEER_CERT: ofPeer((peer) => peer.toString().replaceAll(/[\n +/=]/g, (byte) => encodeURIComponent(byte))),
  DOWNSTREAM_PEER_URI_SAN: ofPeer((peer) => named(peer, "uri")),
  DOWNSTREAM_PEER_DNS_SAN: ofPeer((peer) => named(peer, "dns")),
  DOWNSTREAM_PEER_IP_SAN: ofPeer((peer) => named(peer, "ip")),
  DOWNSTREAM_PEER_EMAIL_SAN: ofPeer((peer) => named(peer, "email")),
  DOWNSTREAM_PEER_CERT_V_START: ofPeer((peer, [format]) => dateText(peer.validFromDate.getTime(), format)),
  DOWNSTREAM_PEER_CERT_V_END: ofPeer((peer, [format]) => dateText(peer.validToDate.getTime(), format)),
};

function ofPeer(read: (peer: X509Certificate, args: readonly string[]) => string): Operator {
  return ({ owner }, args) => {
    const peer = owner?.facts.tls?.shown?.peer;
    return peer === undefined ? undefined : read(peer, args);
  };
}

function reached({ router }: Exchange): { readonly host: string; readonly port: number } | undefined {
  const address = router.call.stream === null ? undefined : router.call.endpoint?.address;
  return address?.kind === "socket" ? address : undefined;
}

function named(peer: X509Certificate, type: AlternativeName["type"]): string {
  return alternativeNames(peer.subjectAltName ?? "")
    .filter((name) => name.type === type)
    .map(({ value }) => value)
    .join(",");
}

function dateText(wallMs: number, format: string | undefined): string {
  return format === undefined || format === "" ? isoTime(wallMs) : formatTime(wallMs, format);
}

/** The first of its name, as it stands in the path. */
function queryParameter(path: string, name: string): string | undefined {
  const at = path.indexOf("?");
  if (at < 0) return undefined;
  for (const pair of path.slice(at + 1).split("&")) {
    const equals = pair.indexOf("=");
    if ((equals < 0 ? pair : pair.slice(0, equals)) === name) return equals < 0 ? "" : pair.slice(equals + 1);
  }
  return undefined;
}
