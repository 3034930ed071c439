// What the whole head becomes stands beside Envoy's in test/differential/client-certificates.full.test.ts; here is what needs no sockets.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, it } from "mocha";
import type { ClientCertificatePlan } from "../../../src/config/plan/listener.ts";
import type { ShownCertificates } from "../../../src/net/channel.ts";
import { ExchangeWorld } from "../../support/exchange-harness.ts";
import { listener, manager } from "../../support/listener-plans.ts";
import { pem } from "../../support/tls-plans.ts";

const SAID = "By=x;Hash=00";
const HASH =
  "By=spiffe://test/gate;By=spiffe://test/second;Hash=f58c33821354b6774af6fc646b814c0f3f059486baba7db5d2401538aced1810";
const CLIENT: ShownCertificates = { own: new X509Certificate(pem("gate")), peer: new X509Certificate(pem("client")) };

/** What the upstream gets of a client that shows `shown` and says SAID, twice on one connection. */
function forwarded(plan: ClientCertificatePlan, shown: ShownCertificates | null): (string | undefined)[] {
  const world = new ExchangeWorld(listener(manager({ clientCertificate: plan })));
  const up = world.upstreams.add("up");
  const tls = { version: "TLSv1.3", cipher: "X", alpn: "", serverName: "", resumed: false, peerVerified: true, shown };
  const client = world.connect({ tls });
  const seen = [1, 2].map(() => {
    client.send(`GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-client-cert: ${SAID}\r\n\r\n`);
    const stream = up.stream();
    stream.respond(200);
    return stream.header("x-forwarded-client-cert");
  });
  assert.deepEqual(world.leaks(), []);
  return seen;
}

const with2 = (text: string | undefined): (string | undefined)[] => [text, text];

describe("x-forwarded-client-cert", () => {
  const details = ["subject", "uri", "dns"] as const;
  it("is the client's own only where the plan lets it through", () => {
    assert.deepEqual(forwarded({ mode: "sanitize", details: [] }, CLIENT), with2(undefined));
    assert.deepEqual(forwarded({ mode: "forward_only", details: [] }, CLIENT), with2(SAID));
    assert.deepEqual(forwarded({ mode: "always_forward_only", details: [] }, null), with2(SAID));
  });

  it("is never that of a client without a certificate", () => {
    for (const mode of ["sanitize", "forward_only", "append_forward", "sanitize_set"] as const) {
      assert.deepEqual(forwarded({ mode, details }, null), with2(undefined), mode);
    }
  });

  it("tells what the client showed, behind what it said or instead of it", () => {
    const element = `${HASH};Subject="CN=client";URI=spiffe://test/client;DNS=client.example`;
    assert.deepEqual(forwarded({ mode: "append_forward", details }, CLIENT), with2(`${SAID},${element}`));
    assert.deepEqual(forwarded({ mode: "sanitize_set", details }, CLIENT), with2(element));
  });

  it("is not ended by control bytes of a name", () => {
    const peer = { raw: CLIENT.peer.raw, subjectAltName: 'URI:"a\\u000d\\u000ab: c", DNS:d' } as X509Certificate;
    const [text] = forwarded({ mode: "sanitize_set", details: ["uri"] }, { own: undefined, peer });
    assert.equal(text?.slice(text.indexOf(";")), ";URI=a%0D%0Ab: c");
  });
});
