import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { afterEach, describe, it } from "mocha";
import type { ChainsPlan } from "../../src/net/chain-choice.ts";
import { TlsHarness } from "../support/tls-harness.ts";
import { pem, tlsChains, validation } from "../support/tls-plans.ts";

describe("a TLS listener that looks at client certificates", () => {
  const tls = new TlsHarness();

  afterEach(() => tls.end());

  const client1 = { cert: pem("client"), key: pem("client.key") };
  const stranger = { cert: pem("stranger"), key: pem("stranger.key") };

  it("refuses a client without one by an alert when one is required", async () => {
    await tls.open(tlsChains({ requireClientCertificate: true, validation: validation() }));
    assert.equal(await tls.refused(), "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED");
    await tls.door.said("failed:fail_verify_no_cert");
    assert.equal(tls.door.log.length, 1);
  });

  it("takes one that verifies", async () => {
    await tls.open(tlsChains({ requireClientCertificate: true, validation: validation() }));
    await tls.secured(client1);
    await tls.door.said("handshake");
    assert.equal(tls.door.channels[0]?.channel.tls?.peerVerified, true);
  });

  it("refuses one that does not verify", async () => {
    await tls.open(tlsChains({ requireClientCertificate: true, validation: validation() }));
    await tls.refused(stranger);
    await tls.door.said("failed:fail_verify_error");
    assert.equal(tls.door.log.length, 1);
    assert.match(
      tls.door.failures[0]?.text ?? "",
      /CERTIFICATE_VERIFY_FAILED:.*self_signed_certificate:TLS_error_end$/,
    );
  });

  it("refuses one that is revoked, and takes another of the same authority", async () => {
    const crlPem = pem("revoked.crl");
    await tls.open(tlsChains({ requireClientCertificate: true, validation: validation({ crlPem }) }));
    await tls.refused(client1);
    await tls.door.said("failed:fail_verify_error");
    assert.match(tls.door.failures[0]?.text ?? "", /CERTIFICATE_VERIFY_FAILED:.*certificate_revoked:TLS_error_end$/);
    await tls.secured({ cert: pem("front"), key: pem("front.key") });
    await tls.door.said("handshake");
  });

  it("lets a client without one in when none is required", async () => {
    await tls.open(tlsChains({ validation: validation() }));
    await tls.secured();
    await tls.door.said("handshake");
    assert.equal(tls.door.channels[0]?.channel.tls?.peerVerified, false);
  });

  it("takes one that does not verify where untrusted ones are accepted", async () => {
    await tls.open(tlsChains({ validation: validation({ acceptUntrusted: true }) }));
    await tls.secured(stranger);
    await tls.door.said("handshake");
    assert.equal(tls.door.channels[0]?.channel.tls?.peerVerified, false);
  });

  it("refuses a chain with more authorities than it may have", async () => {
    const fancy = { cert: pem("fancy"), key: pem("fancy.key") };
    await tls.open(tlsChains({ requireClientCertificate: true, validation: validation({ depthMax: 1 }) }));
    await tls.refused(fancy);
    await tls.door.said("failed:fail_verify_error");
    assert.match(tls.door.failures[0]?.text ?? "", /certificate_chain_too_long:TLS_error_end$/);
    tls.door.listening.applyChains(
      tlsChains({ requireClientCertificate: true, validation: validation({ depthMax: 2 }) }),
    );
    await tls.secured(fancy);
    await tls.door.said("channel:only");
  });

  for (const [title, subjectAltNames, accepted] of [
    [
      "an exact URI",
      [{ type: "uri", text: { kind: "exact", value: "spiffe://test/client", ignoreCase: false } }],
      true,
    ],
    [
      "a regex over the whole name",
      [{ type: "dns", text: { kind: "regex", value: "client\\..*", ignoreCase: false } }],
      true,
    ],
    [
      "a regex over a part of the name",
      [{ type: "dns", text: { kind: "regex", value: "client", ignoreCase: false } }],
      false,
    ],
    [
      "a name of another kind",
      [{ type: "dns", text: { kind: "exact", value: "spiffe://test/client", ignoreCase: false } }],
      false,
    ],
  ] as const) {
    it(`${accepted ? "accepts" : "refuses"} by ${title}`, async () => {
      await tls.open(tlsChains({ requireClientCertificate: true, validation: validation({ subjectAltNames }) }));
      tls.client(client1).on("error", () => {});
      const entry = accepted ? "channel:only" : "failed:fail_verify_san";
      await tls.door.said(entry);
      assert.equal(tls.door.log.at(-1), entry);
    });
  }

  it("accepts by hash of the certificate or of its key, and refuses others", async () => {
    const shown = new X509Certificate(pem("client"));
    const hash = createHash("sha256").update(shown.raw).digest("hex");
    const spki = shown.publicKey.export({ type: "spki", format: "der" });
    const spkiHash = createHash("sha256").update(spki).digest("base64");
    const asked = (parts: Parameters<typeof validation>[0]): ChainsPlan =>
      tlsChains({ requireClientCertificate: true, validation: validation({ trustedCaPem: "", ...parts }) });
    await tls.open(asked({ certificateHashes: [hash] }));
    await tls.secured(client1);
    await tls.door.said("channel:only");
    tls.door.listening.applyChains(asked({ spkiHashes: [spkiHash] }));
    await tls.secured(client1);
    await tls.door.said("channel:only", 2);
    tls.door.listening.applyChains(asked({ certificateHashes: ["00".repeat(32)] }));
    await tls.refused(client1);
    await tls.door.said("failed:fail_verify_cert_hash");
  });
});
