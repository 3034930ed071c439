// The %OPERATORS% of access logs that tell of the client's connection, whoever serves it: requests, raw connections, the listener itself.
// Answered only where a format has them.
import { createHash, type X509Certificate } from "node:crypto";
import { formatTime, isoTime } from "../base/iso-time.ts";
import type { Channel } from "../net/channel.ts";
import { certificateNames } from "../net/distinguished-name.ts";
import { type AlternativeName, alternativeNames } from "../net/tls-peer.ts";
import { addressOperators, longFlags, milliseconds } from "../telemetry/access-line.ts";
import type { LoggedSource } from "../telemetry/log-filter.ts";
import { uniqueId } from "./exchange/request-id.ts";
import type { WorkerServices } from "./worker-services.ts";

/** Facts of one socket; empty texts and 0 where there is none. */
export interface ConnectionFacts
  extends Pick<Channel, "remoteAddress" | "remotePort" | "localAddress" | "localPort" | "tls" | "serverName"> {
  readonly id: number;
}

/** A line about a connection itself, be it a raw one's or a listener's. */
export interface RecordFacts extends ConnectionFacts, LoggedSource {
  readonly services: Pick<WorkerServices, "clock" | "random" | "hostname">;
  readonly startMs: number;
  /** Bytes from the client and to it. */
  readonly received: number;
  readonly sent: number;
  /** Of its filter chain; empty: it has none. */
  readonly chainName: string;
}

type Operator<Facts> = (facts: Facts, args: readonly string[]) => string | undefined;

/** By name. */
export const CONNECTION_OPERATORS: Readonly<Record<string, Operator<ConnectionFacts>>> = {
  CONNECTION_ID: ({ id }) => String(id),
  ...addressOperators<ConnectionFacts>("REMOTE", ({ remoteAddress, remotePort }) => [remoteAddress, remotePort]),
  ...addressOperators<ConnectionFacts>("LOCAL", ({ localAddress, localPort }) => [localAddress, localPort]),
  DOWNSTREAM_TLS_VERSION: ({ tls }) => tls?.version,
  DOWNSTREAM_TLS_CIPHER: ({ tls }) => tls?.cipher,
  REQUESTED_SERVER_NAME: ({ serverName }) => serverName,
  DOWNSTREAM_PEER_SUBJECT: ofPeer((peer) => certificateNames(peer.raw).subject),
  DOWNSTREAM_PEER_ISSUER: ofPeer((peer) => certificateNames(peer.raw).issuer),
  DOWNSTREAM_PEER_SERIAL: ofPeer((peer) => peer.serialNumber.toLowerCase()),
  DOWNSTREAM_PEER_FINGERPRINT_256: ofPeer((peer) => digest("sha256", peer)),
  DOWNSTREAM_PEER_FINGERPRINT_1: ofPeer((peer) => digest("sha1", peer)),
  DOWNSTREAM_PEER_CERT: ofPeer((peer) => peer.toString().replaceAll(/[\n +/=]/g, (byte) => encodeURIComponent(byte))),
  DOWNSTREAM_PEER_URI_SAN: ofPeer((peer) => named(peer, "uri")),
  DOWNSTREAM_PEER_DNS_SAN: ofPeer((peer) => named(peer, "dns")),
  DOWNSTREAM_PEER_IP_SAN: ofPeer((peer) => named(peer, "ip")),
  DOWNSTREAM_PEER_EMAIL_SAN: ofPeer((peer) => named(peer, "email")),
  DOWNSTREAM_PEER_CERT_V_START: ofPeer((peer, [format]) => timeText(peer.validFromDate.getTime(), format)),
  DOWNSTREAM_PEER_CERT_V_END: ofPeer((peer, [format]) => timeText(peer.validToDate.getTime(), format)),
};

/** Those and what a line about a connection itself says besides. */
export const RECORD_OPERATORS: Readonly<Record<string, Operator<RecordFacts>>> = {
  ...CONNECTION_OPERATORS,
  START_TIME: ({ startWallMs }, [format]) => timeText(startWallMs, format),
  RESPONSE_CODE: () => "0",
  RESPONSE_FLAGS: ({ flags }) => flags || "-",
  RESPONSE_FLAGS_LONG: ({ flags }) => longFlags(flags),
  BYTES_RECEIVED: ({ received }) => String(received),
  BYTES_SENT: ({ sent }) => String(sent),
  DURATION: ({ services, startMs }) => milliseconds(services.clock.nowMs() - startMs),
  FILTER_CHAIN_NAME: ({ chainName }) => chainName,
  UNIQUE_ID: ({ services }) => uniqueId(services.random),
  EMIT_TIME: ({ services }, [format]) => timeText(services.clock.wallMs(), format),
  ACCESS_LOG_TYPE: ({ logType }) => logType,
  HOSTNAME: ({ services }) => services.hostname,
};

/** A time as START_TIME writes it: `format` empty or undefined is ISO 8601 with milliseconds. */
export function timeText(wallMs: number, format: string | undefined): string {
  return format === undefined || format === "" ? isoTime(wallMs) : formatTime(wallMs, format);
}

function ofPeer(read: (peer: X509Certificate, args: readonly string[]) => string): Operator<ConnectionFacts> {
  return ({ tls }, args) => {
    const peer = tls?.shown?.peer;
    return peer === undefined ? undefined : read(peer, args);
  };
}

function digest(hash: "sha1" | "sha256", certificate: X509Certificate): string {
  return createHash(hash).update(certificate.raw).digest("hex");
}

function named(peer: X509Certificate, type: AlternativeName["type"]): string {
  return alternativeNames(peer.subjectAltName ?? "")
    .filter((name) => name.type === type)
    .map(({ value }) => value)
    .join(",");
}
