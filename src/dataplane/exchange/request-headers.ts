// What the connection manager does to a request's head before any filter sees it, in Envoy's order (ConnectionManagerUtility::
// mutateRequestHeaders): refusals, path and host made canonical, proxy headers cleaned and written. One pass over the names decides
// what there is to do, so that a request pays for the headers it has.
import type { Random } from "../../base/random.ts";
import type { HttpConnectionManagerPlan } from "../../config/plan/listener.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H, KNOWN_NAME_COUNT } from "../../protocol/header-names.ts";
import type { ClientCertificate } from "./client-certificate.ts";
import { canonicalPath } from "./path.ts";
import { internalTest, lastForwardedAddress } from "./remote-address.ts";
import { REQUEST_ID_BYTES, writeRequestId } from "./request-id.ts";
import { CONNECT_UPGRADE, takeExtendedConnect } from "./tunnel-heads.ts";

/** What is known of the connection that a request came by. */
export interface Peer {
  readonly remoteAddress: string;
  readonly isLoopback: boolean;
  readonly isTls: boolean;
  readonly localPort: number;
  /** Null: the client showed none. */
  readonly certificate: ClientCertificate | null;
}

/** What the head says about its request; written by `RequestRules.apply`. */
export interface RequestTraits {
  /** The trusted client address: of the connection, or from x-forwarded-for. */
  clientAddress: string;
  /** Whether the client is inside the trusted network. */
  isInternal: boolean;
  /** Whether the client waits for 100 Continue, and the proxy answers it. */
  wantsContinue: boolean;
  /** Upgrade token, lower case; `connect` for CONNECT; empty: none. */
  upgrade: string;
}

/** Why a head is refused, or where it is sent instead. */
export type HeadVerdict = "ok" | "missing_host" | "absolute_path" | "bad_path" | "redirect_path";

/** The rules of one connection manager. */
export class RequestRules {
  private readonly plan: HttpConnectionManagerPlan;
  private readonly random: Random;
  private readonly localAddress: string;
  private readonly isInternalAddress: (address: string) => boolean;
  private readonly changesPath: boolean;
  private readonly id: Buffer = Buffer.alloc(REQUEST_ID_BYTES);

  constructor(plan: HttpConnectionManagerPlan, random: Random, localAddress: string) {
    this.plan = plan;
    this.random = random;
    this.localAddress = localAddress;
    this.isInternalAddress = internalTest(plan.internalCidrs);
    this.changesPath = plan.normalizePath || plan.mergeSlashes || plan.escapedSlashes !== "keep";
  }

  /** Changes the head and says what it found. On any verdict but `ok` the head is as far as the refusal came. */
  apply(head: HeaderList, peer: Peer, traits: RequestTraits): HeadVerdict {
    let seen = 0;
    for (let i = 0, count = head.count; i < count; i++) seen |= CLASS_OF[head.idAt(i)] as number;
    if ((seen & EXPECT) !== 0) this.takeExpect(head, traits);
    if ((seen & AUTHORITY) === 0) return "missing_host";
    if ((seen & EXTENDED_CONNECT) !== 0) traits.upgrade = takeExtendedConnect(head);
    else if ((seen & PATH) === 0 && head.value(H.PSEUDO_METHOD) === "CONNECT") traits.upgrade = CONNECT_UPGRADE;
    if ((seen & PATH) !== 0) {
      const verdict = this.checkPath(head);
      if (verdict !== "ok") return verdict;
    }
    if (this.plan.stripHostPort !== "none" || this.plan.stripTrailingHostDot) this.stripHost(head, peer);
    if ((seen & HOP) !== 0) takeHopByHop(head, traits);
    if ((seen & INTERNAL_MARK) !== 0) head.remove(H.X_ENVOY_INTERNAL);
    this.writeForwarded(head, peer, traits, seen);
    if (this.plan.via !== "") head.addText(H.VIA, this.plan.via);
    const isEdge = this.plan.useRemoteAddress && !traits.isInternal;
    if (isEdge && traits.clientAddress !== "") head.setText(H.X_ENVOY_EXTERNAL_ADDRESS, traits.clientAddress);
    if (this.plan.generateRequestId) this.writeId(head, seen, isEdge && !this.plan.preserveExternalRequestId);
    if ((seen & CLIENT_CERTIFICATE) !== 0 || peer.certificate !== null) this.writeCertificate(head, peer.certificate);
    return "ok";
  }

  /** The same for a head that a redirect made of one that was judged: what the proxy said of its client stays. */
  applyAgain(head: HeaderList, peer: Peer): HeadVerdict {
    const verdict = this.checkPath(head);
    if (verdict === "ok") this.stripHost(head, peer);
    return verdict;
  }

  private takeExpect(head: HeaderList, traits: RequestTraits): void {
    if (this.plan.proxy100Continue || head.value(H.EXPECT)?.toLowerCase() !== "100-continue") return;
    traits.wantsContinue = true;
    head.remove(H.EXPECT);
  }

  private checkPath(head: HeaderList): HeadVerdict {
    const at = head.find(H.PSEUDO_PATH);
    const bytes = head.bytes;
    const start = head.valueStart(at);
    const end = head.valueEnd(at);
    if (start === end) return "ok";
    if (bytes[start] !== SLASH) return "absolute_path";
    if (!this.changesPath) {
      for (let i = start; i < end; i++) if (bytes[i] === HASH) return "bad_path";
      return "ok";
    }
    const path = head.valueText(at);
    const canonical = canonicalPath(this.plan, path);
    if (canonical.action === "reject") return "bad_path";
    if (canonical.path !== path) head.replaceValueAt(at, canonical.path);
    return canonical.action === "redirect" ? "redirect_path" : "ok";
  }

  private stripHost(head: HeaderList, peer: Peer): void {
    const at = head.find(H.PSEUDO_AUTHORITY);
    const authority = head.valueText(at);
    let host = authority;
    const colon = authority.lastIndexOf(":");
    let port = "";
    if (colon > authority.lastIndexOf("]")) {
      host = authority.slice(0, colon);
      port = authority.slice(colon);
      if (!/^:\d+$/.test(port)) return;
    }
    const { stripHostPort } = this.plan;
    if (stripHostPort === "any" || (stripHostPort === "matching" && port === `:${peer.localPort}`)) port = "";
    if (this.plan.stripTrailingHostDot && host.endsWith(".")) host = host.slice(0, -1);
    if (host + port !== authority) head.replaceValueAt(at, host + port);
  }

  /** x-forwarded-for, -proto, -port, x-envoy-internal, and the x-envoy-* headers that only a trusted client may send. */
  private writeForwarded(head: HeaderList, peer: Peer, traits: RequestTraits, seen: number): void {
    const { plan } = this;
    const trusted = plan.xffTrustedHops;
    const scheme = peer.isTls ? HTTPS : HTTP;
    let mayBeInternal = false;
    traits.clientAddress = peer.remoteAddress;
    if (plan.useRemoteAddress) {
      mayBeInternal = (seen & FORWARDED_FOR) === 0;
      if (trusted > 0) {
        const forwarded = lastForwardedAddress(lastField(head, H.X_FORWARDED_FOR), trusted - 1);
        if (forwarded.address !== null) traits.clientAddress = forwarded.address;
      }
      if (!plan.skipXffAppend)
        appendValue(head, H.X_FORWARDED_FOR, peer.isLoopback ? this.localAddress : peer.remoteAddress);
      if (trusted === 0 || (seen & FORWARDED_PROTO) === 0)
        head.setText(H.X_FORWARDED_PROTO, peer.isTls ? "https" : "http");
      if (plan.appendForwardedPort && (trusted === 0 || !head.has(H.X_FORWARDED_PORT)))
        head.setText(H.X_FORWARDED_PORT, String(peer.localPort));
    } else {
      if ((seen & FORWARDED_FOR) !== 0) {
        const forwarded = lastForwardedAddress(lastField(head, H.X_FORWARDED_FOR), trusted);
        if (forwarded.address !== null) traits.clientAddress = forwarded.address;
        mayBeInternal = forwarded.single;
      }
      if ((seen & FORWARDED_PROTO) === 0) head.addKnown(H.X_FORWARDED_PROTO, scheme, 0, scheme.length);
      if (plan.appendForwardedPort && !head.has(H.X_FORWARDED_PORT))
        head.addText(H.X_FORWARDED_PORT, String(peer.localPort));
    }
    if (peer.isTls || (seen & FORWARDED_PROTO) !== 0) setScheme(head);
    traits.isInternal = mayBeInternal && this.isInternalAddress(traits.clientAddress);
    if (traits.isInternal) head.setText(H.X_ENVOY_INTERNAL, "true");
    else if ((seen & (TRUSTED_ONLY | EDGE_ONLY)) !== 0) this.removeUntrusted(head);
    if (!traits.isInternal) for (const name of plan.routes.internalOnlyHeaders) head.removeName(name);
  }

  private removeUntrusted(head: HeaderList): void {
    const unwanted = this.plan.useRemoteAddress ? TRUSTED_ONLY | EDGE_ONLY : TRUSTED_ONLY;
    for (let i = head.count - 1; i >= 0; i--)
      if (((CLASS_OF[head.idAt(i)] as number) & unwanted) !== 0) head.removeAt(i);
  }

  /** What the client says of certificates goes on only when the plan says so, and its connection has one of its own. */
  private writeCertificate(head: HeaderList, certificate: ClientCertificate | null): void {
    const { mode, details } = this.plan.clientCertificate;
    if (mode === "always_forward_only") return;
    if (mode === "sanitize" || certificate === null) head.remove(H.X_FORWARDED_CLIENT_CERT);
    else if (mode === "append_forward") appendValue(head, H.X_FORWARDED_CLIENT_CERT, certificate.text(details));
    else if (mode === "sanitize_set") head.setText(H.X_FORWARDED_CLIENT_CERT, certificate.text(details));
  }

  private writeId(head: HeaderList, seen: number, force: boolean): void {
    if ((seen & REQUEST_ID) === 0) {
      writeRequestId(this.id, this.random);
      head.addKnown(H.X_REQUEST_ID, this.id, 0, REQUEST_ID_BYTES);
    } else if (force) {
      writeRequestId(this.id, this.random);
      head.setText(H.X_REQUEST_ID, this.id.latin1Slice(0, REQUEST_ID_BYTES));
    }
  }
}

/** Notes an upgrade and removes what concerns this connection only, the fields that `connection` names included (RFC 9110 §7.6.1). */
function takeHopByHop(head: HeaderList, traits: RequestTraits): void {
  const connection = head.valueByName("connection")?.toLowerCase() ?? "";
  const upgrade = head.value(H.UPGRADE)?.toLowerCase() ?? "";
  // RFC 7540's upgrade from HTTP/1.1 is not offered: the request is served as it is (RFC 9113 §3.1).
  if (upgrade !== "" && upgrade !== "h2c" && hasToken(connection, "upgrade")) traits.upgrade = upgrade;
  for (const token of connection.split(",")) {
    const name = token.trim();
    if (name !== "" && name !== "close" && name !== "keep-alive" && name !== "te" && !KEPT_NAMES.has(name)) {
      head.removeName(name);
    }
  }
  const te = head.valueByName("te");
  const isUpgrade = traits.upgrade !== "" && traits.upgrade !== CONNECT_UPGRADE;
  for (let i = head.count - 1; i >= 0; i--) {
    const id = head.idAt(i);
    if (((CLASS_OF[id] as number) & HOP) === 0) continue;
    // The two fields of an upgrade go on: the upstream is to grant it.
    if (!isUpgrade || (id !== H.UPGRADE && id !== H.CONNECTION)) head.removeAt(i);
  }
  if (te !== undefined && hasToken(te.toLowerCase(), "trailers")) head.addText(H.TE, "trailers");
}

function hasToken(list: string, token: string): boolean {
  return list.split(",").some((part) => part.trim() === token);
}

/** The last field of a name: x-forwarded-for is read from its end. */
function lastField(head: HeaderList, id: number): string | undefined {
  for (let i = head.count - 1; i >= 0; i--) if (head.idAt(i) === id) return head.valueText(i);
  return undefined;
}

/** Appends to the last field of a name, with a comma and no space as Envoy does, or adds the field. */
function appendValue(head: HeaderList, id: number, value: string): void {
  for (let i = head.count - 1; i >= 0; i--) {
    if (head.idAt(i) !== id) continue;
    const before = head.valueText(i);
    head.replaceValueAt(i, before === "" ? value : `${before},${value}`);
    return;
  }
  head.addText(id, value);
}

/** The scheme that goes upstream is that of x-forwarded-proto when it names one (Envoy's setUpstreamScheme). */
function setScheme(head: HeaderList): void {
  const proto = head.value(H.X_FORWARDED_PROTO);
  if (proto === "http" || proto === "https") head.setText(H.PSEUDO_SCHEME, proto);
}

const HTTP: Uint8Array = Buffer.from("http", "latin1");
const HTTPS: Uint8Array = Buffer.from("https", "latin1");

const SLASH = 0x2f;
const HASH = 0x23;

// What a name means here, as bits.
const HOP = 1;
const EXPECT = 1 << 1;
const AUTHORITY = 1 << 2;
const PATH = 1 << 3;
const FORWARDED_FOR = 1 << 4;
const FORWARDED_PROTO = 1 << 5;
const REQUEST_ID = 1 << 6;
const INTERNAL_MARK = 1 << 7;
/** Only an internal client may send these. */
const TRUSTED_ONLY = 1 << 8;
/** Removed where the trusted network begins. */
const EDGE_ONLY = 1 << 9;
/** `:protocol`: an upgrade over HTTP/2. */
const EXTENDED_CONNECT = 1 << 10;
const CLIENT_CERTIFICATE = 1 << 11;

/** Names that `connection` cannot have removed: what routing and framing stand on. */
const KEPT_NAMES: ReadonlySet<string> = new Set(["upgrade", "host", "content-length", "transfer-encoding", "cookie"]);

const CLASS_OF: Uint16Array = new Uint16Array(KNOWN_NAME_COUNT);
for (const [bits, ids] of [
  [HOP, [H.CONNECTION, H.KEEP_ALIVE, H.PROXY_CONNECTION, H.TRANSFER_ENCODING, H.UPGRADE, H.TE, H.HTTP2_SETTINGS]],
  [EXPECT, [H.EXPECT]],
  [AUTHORITY, [H.PSEUDO_AUTHORITY]],
  [PATH, [H.PSEUDO_PATH]],
  [FORWARDED_FOR, [H.X_FORWARDED_FOR]],
  [FORWARDED_PROTO, [H.X_FORWARDED_PROTO]],
  [REQUEST_ID, [H.X_REQUEST_ID]],
  [INTERNAL_MARK, [H.X_ENVOY_INTERNAL]],
  [EXTENDED_CONNECT, [H.PSEUDO_PROTOCOL]],
  [CLIENT_CERTIFICATE, [H.X_FORWARDED_CLIENT_CERT]],
  [
    TRUSTED_ONLY,
    [
      H.X_ENVOY_RETRIABLE_STATUS_CODES,
      H.X_ENVOY_RETRIABLE_HEADER_NAMES,
      H.X_ENVOY_RETRY_ON,
      H.X_ENVOY_RETRY_GRPC_ON,
      H.X_ENVOY_MAX_RETRIES,
      H.X_ENVOY_UPSTREAM_ALT_STAT_NAME,
      H.X_ENVOY_UPSTREAM_RQ_TIMEOUT_MS,
      H.X_ENVOY_UPSTREAM_RQ_PER_TRY_TIMEOUT_MS,
      H.X_ENVOY_UPSTREAM_RQ_TIMEOUT_ALT_RESPONSE,
      H.X_ENVOY_EXPECTED_RQ_TIMEOUT_MS,
      H.X_ENVOY_FORCE_TRACE,
      H.X_ENVOY_IP_TAGS,
      H.X_ENVOY_HEDGE_ON_PER_TRY_TIMEOUT,
      H.X_ENVOY_UPSTREAM_STREAM_DURATION_MS,
      H.X_ENVOY_ORIGINAL_URL,
    ],
  ],
  [EDGE_ONLY, [H.X_ENVOY_DECORATOR_OPERATION, H.X_ENVOY_DOWNSTREAM_SERVICE_CLUSTER, H.X_ENVOY_DOWNSTREAM_SERVICE_NODE]],
] as [number, number[]][])
  for (const id of ids) CLASS_OF[id] = bits;
