// What x-forwarded-client-cert says of a client's certificate, in Envoy's words (ConnectionManagerUtility::mutateXfccRequestHeader). Made by
// a connection whose client showed a certificate, read once, used by request-headers.ts for every request.
import { createHash, type X509Certificate } from "node:crypto";
import type { CertificateDetail } from "../../config/plan/listener.ts";
import type { ShownCertificates } from "../../net/channel.ts";
import { certificateNames } from "../../net/distinguished-name.ts";
import { alternativeNames } from "../../net/tls-peer.ts";

/** A client's certificate beside the one that it was shown. */
export class ClientCertificate {
  private readonly shown: ShownCertificates;
  private details: readonly CertificateDetail[] | null = null;
  private written = "";

  constructor(shown: ShownCertificates) {
    this.shown = shown;
  }

  /** One element of the header with these parts; the same text as long as the plan stays the same object. */
  text(details: readonly CertificateDetail[]): string {
    if (this.details !== details) {
      this.details = details;
      this.written = elementText(this.shown, details);
    }
    return this.written;
  }
}

function elementText({ own, peer }: ShownCertificates, details: readonly CertificateDetail[]): string {
  const parts = own === undefined ? [] : named(own, "uri").map((uri) => `By=${uri}`);
  parts.push(`Hash=${createHash("sha256").update(peer.raw).digest("hex")}`);
  for (const detail of details) parts.push(...detailTexts(peer, detail));
  return parts.join(";");
}

function detailTexts(peer: X509Certificate, detail: CertificateDetail): string[] {
  switch (detail) {
    case "cert":
      return [`Cert="${urlEncoded(peer.toString())}"`];
    case "chain":
      return [`Chain="${chainOf(peer).map(urlEncoded).join("")}"`];
    case "subject":
      return [`Subject="${certificateNames(peer.raw).subject}"`];
    case "issuer":
      return [`Issuer="${certificateNames(peer.raw).issuer}"`];
    case "uri": {
      const uris = named(peer, "uri");
      return uris.length === 0 ? ["URI="] : uris.map((uri) => `URI=${uri}`);
    }
    case "dns":
      return named(peer, "dns").map((name) => `DNS=${name}`);
  }
}

/** Control bytes would end the header; Envoy lets them through. */
function named(certificate: X509Certificate, type: "uri" | "dns"): string[] {
  return alternativeNames(certificate.subjectAltName ?? "")
    .filter((name) => name.type === type)
    .map(({ value }) => value.replaceAll(CONTROL, (byte) => encodeURIComponent(byte)));
}

/** In PEM form, as the client sent it: its own first. */
function chainOf(peer: X509Certificate): string[] {
  const chain: string[] = [];
  for (let one: X509Certificate | undefined = peer; one !== undefined; one = one.issuerCertificate) {
    chain.push(one.toString());
  }
  return chain;
}

function urlEncoded(pem: string): string {
  return pem.replaceAll(/[\n +/=]/g, (byte) => encodeURIComponent(byte));
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /[\x00-\x1f\x7f]/g;
