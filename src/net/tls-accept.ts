// The server side of TLS handshakes: from an accepted socket to a TLS socket whose peer is checked, or a failure that names its
// counter. Called by listen.ts.
import type { Socket } from "node:net";
import { TLSSocket, type TLSSocketOptions } from "node:tls";
import { Timer } from "../base/timer-wheel.ts";
import type { ShownCertificates, TlsFacts } from "./channel.ts";
import type { HandshakeFailure } from "./listen-events.ts";
import type { NetContext } from "./net-context.ts";
import { type OwnedSocket, verifyErrorCode } from "./owned-socket.ts";
import { contextFor, type ServerContexts } from "./tls-contexts.ts";
import { peerFailure } from "./tls-peer.ts";
import { tlsErrorText } from "./tls-words.ts";

/** A finished handshake. */
export interface Handshake {
  readonly socket: OwnedSocket;
  readonly tls: TlsFacts;
  /** What is wrong with the client's certificate and was let pass (ACCEPT_UNTRUSTED); null: nothing. */
  readonly tolerated: HandshakeFailure | null;
}

/** How one handshake is done. */
export interface AcceptTlsOptions {
  readonly contexts: ServerContexts;
  /** What the client asks for, as far as it was looked at: chooses the certificate. */
  readonly serverName: string;
  /** What is offered of the plan's ALPN list: all, or nothing when the client is known to have none of it. */
  readonly protocols: readonly string[];
  readonly timeoutMs: number;
}

/** Shakes hands on the paused socket; one of the two is called, once. After a failure the socket is gone. */
export function acceptTls(
  net: NetContext,
  raw: Socket,
  options: AcceptTlsOptions,
  done: (handshake: Handshake) => void,
  failed: (failure: HandshakeFailure) => void,
): void {
  const socket: OwnedSocket & TLSSocket = new TLSSocket(raw, socketOptions(options));
  socket.rawSocket = raw;
  socket.disableRenegotiation();
  let over = false;
  const end = (): void => {
    over = true;
    net.wheel.remove(timer);
    socket.off("secure", onSecure);
    socket.off("close", onClose);
    socket.off("end", onClose);
    socket.off("_tlsError", onError);
  };
  const fail = (failure: HandshakeFailure): void => {
    if (over) return;
    end();
    socket.destroy();
    failed(failure);
  };
  const onError = (error: Error): void => fail(failureOf(error));
  const onClose = (): void => fail({ reason: "closed", text: "" });
  const onSecure = (): void => {
    const handshake = checked(socket, options.contexts);
    if ("reason" in handshake) {
      fail(handshake);
      return;
    }
    end();
    socket.off("error", onError);
    done(handshake);
  };
  const timer = new Timer(() => fail({ reason: "handshake_timeout", text: "" }));
  net.wheel.arm(timer, options.timeoutMs);
  socket.on("secure", onSecure);
  // Stays after a failure: what the destroyed socket still reports is of no interest, but must not be thrown.
  socket.on("error", onError);
  // Errors of the TLS library before the handshake is done come by this name only.
  socket.on("_tlsError", onError);
  socket.on("close", onClose);
  socket.on("end", onClose);
}

function socketOptions({ contexts, serverName, protocols }: AcceptTlsOptions): TLSSocketOptions {
  const { plan } = contexts;
  const trusted = plan.validation !== null && plan.validation.trustedCaPem !== "" && !plan.validation.acceptUntrusted;
  const options: TLSSocketOptions & { highWaterMark: number } = {
    isServer: true,
    secureContext: contextFor(contexts, serverName),
    requestCert: plan.requireClientCertificate || plan.validation !== null,
    // Lets the TLS library itself refuse a client without a certificate, with an alert. Verdicts on certificates are ours.
    rejectUnauthorized: plan.requireClientCertificate && trusted,
    highWaterMark: 1,
  };
  if (protocols.length > 0) options.ALPNProtocols = [...protocols];
  return options;
}

/** The facts of a handshake, or what is wrong with the client's certificate. */
function checked(socket: OwnedSocket & TLSSocket, { plan }: ServerContexts): Handshake | HandshakeFailure {
  const asked = plan.requireClientCertificate || plan.validation !== null;
  const certificate = asked ? socket.getPeerX509Certificate() : undefined;
  const chainError = certificate === undefined ? null : verifyErrorCode(socket);
  let tolerated: HandshakeFailure | null = null;
  if (certificate === undefined && plan.requireClientCertificate) return NO_CERTIFICATE;
  if (certificate !== undefined && plan.validation !== null) {
    const failure = peerFailure(plan.validation, { certificate, chainError });
    if (failure !== null && !plan.validation.acceptUntrusted) return failure;
    tolerated = failure;
  }
  const peerVerified = certificate !== undefined && plan.validation !== null && chainError === null;
  const shown = certificate === undefined ? null : { own: socket.getX509Certificate(), peer: certificate };
  return { socket, tls: tlsFacts(socket, peerVerified, shown), tolerated };
}

/** What a finished handshake agreed on. */
export function tlsFacts(socket: TLSSocket, peerVerified: boolean, shown: ShownCertificates | null): TlsFacts {
  const { alpnProtocol, servername } = socket as TLSSocket & { readonly servername?: string | false | null };
  return {
    version: socket.getProtocol() ?? "",
    cipher: socket.getCipher().name,
    alpn: alpnProtocol === false || alpnProtocol === null ? "" : alpnProtocol,
    serverName: typeof servername === "string" ? servername : "",
    resumed: socket.isSessionReused(),
    peerVerified,
    shown,
  };
}

function failureOf(error: Error): HandshakeFailure {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (code === "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE") return NO_CERTIFICATE;
  return { reason: code.startsWith("ERR_SSL_") ? "connection_error" : "closed", text: tlsErrorText(error) };
}

const NO_CERTIFICATE: HandshakeFailure = {
  reason: "fail_verify_no_cert",
  text: "TLS_error:|268435648:SSL_routines:OPENSSL_internal:PEER_DID_NOT_RETURN_A_CERTIFICATE:TLS_error_end",
};
