// The client side of TLS: makes the socket that dials an upstream with TLS, checks the upstream's certificate and keeps sessions for
// the next connection. Called by dial.ts.

import { isIP, type NetConnectOpts, type SocketConstructorOpts } from "node:net";
import { type ConnectionOptions, connect as connectTls, type SecureContext, type TLSSocket } from "node:tls";
import type { UpstreamTlsPlan } from "../config/plan/tls.ts";
import type { TlsFacts } from "./channel.ts";
import { type OwnedSocket, SHARED_ONREAD } from "./owned-socket.ts";
import { SessionStore } from "./session-store.ts";
import { tlsFacts } from "./tls-accept.ts";
import { clientContext } from "./tls-contexts.ts";
import { type PeerFailure, peerFailure } from "./tls-peer.ts";

/** Where a TLS connection goes. */
export interface TlsTarget {
  readonly plan: UpstreamTlsPlan;
  /** SNI; empty or an address: none is sent. */
  readonly serverName: string;
  /** Sessions are kept by this: the address. */
  readonly peer: string;
}

/** How a handshake ended. */
export type TlsOutcome =
  | { readonly kind: "secure"; readonly tls: TlsFacts }
  | { readonly kind: "refused"; readonly failure: PeerFailure };

/** Dials; `route` says where to. `done` is called when the handshake is over, unless the socket fails before. Throws on unusable plans. */
export function dialTls(target: TlsTarget, route: NetConnectOpts, done: (outcome: TlsOutcome) => void): OwnedSocket {
  const { plan, serverName } = target;
  const client = clientOf(plan);
  const key = `${serverName} ${target.peer}`;
  const kept = client.sessions.take(key);
  const options: ConnectionOptions & SocketConstructorOpts & { highWaterMark: number } = {
    ...route,
    secureContext: client.context,
    // The verdict is ours, in `verdict`: Node's knows no hashes and no SAN matchers.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    allowHalfOpen: true,
    onread: SHARED_ONREAD,
    highWaterMark: 1,
    ...(plan.alpn.length === 0 ? {} : { ALPNProtocols: [...plan.alpn] }),
    ...(serverName === "" || isIP(serverName) !== 0 ? {} : { servername: serverName }),
    ...(kept === undefined ? {} : { session: kept.session }),
  };
  const socket: TLSSocket = connectTls(options);
  let accepted = false;
  let verified = false;
  socket.once("secureConnect", () => {
    const resumed = kept !== undefined && socket.isSessionReused();
    const failure = resumed ? null : verdict(socket, target);
    accepted = failure === null;
    verified = resumed ? kept.verified : plan.validation !== null && socket.authorized;
    done(failure === null ? { kind: "secure", tls: tlsFacts(socket, verified, null) } : { kind: "refused", failure });
  });
  if (plan.sessionKeysMax > 0) {
    socket.on("session", (fresh) => {
      const use = socket.getProtocol() === "TLSv1.3" ? "once" : "often";
      if (accepted) client.sessions.keep(key, { session: fresh, use, verified });
    });
  }
  return socket;
}

function verdict(socket: TLSSocket, { plan }: TlsTarget): PeerFailure | null {
  if (plan.validation === null) return null;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return { reason: "fail_verify_error", text: "" };
  const chainError = socket.authorized ? null : String(socket.authorizationError);
  const failure = peerFailure(plan.validation, { certificate, chainError });
  return plan.validation.acceptUntrusted ? null : failure;
}

/** What the connections of one cluster share on this thread. */
interface TlsClient {
  readonly context: SecureContext;
  readonly sessions: SessionStore;
}

function clientOf(plan: UpstreamTlsPlan): TlsClient {
  const known = CLIENTS.get(plan);
  if (known !== undefined) return known;
  const client = { context: clientContext(plan), sessions: new SessionStore(plan.sessionKeysMax) };
  CLIENTS.set(plan, client);
  return client;
}

/** Goes with the plan: a new plan shakes hands anew. */
const CLIENTS: WeakMap<UpstreamTlsPlan, TlsClient> = new WeakMap();
