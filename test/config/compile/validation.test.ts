import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { loadPlan } from "../../../src/config/compile/load-plan.ts";
import { pem } from "../../support/tls-plans.ts";

const TRUST = { trusted_ca: { inline_string: pem("ca") } };
const LIST = pem("revoked.crl");
const CUT = LIST.replace(/\n[^\n]+\n-----END/, "\n-----END");

function load(validation: object) {
  const upstream = {
    "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
    common_tls_context: { validation_context: validation },
  };
  const cluster = {
    name: "c",
    load_assignment: { cluster_name: "c" },
    transport_socket: { name: "t", typed_config: upstream },
  };
  const { plan, errors } = loadPlan({ file: "f", text: JSON.stringify({ static_resources: { clusters: [cluster] } }) });
  return { crl: plan?.clusters[0]?.tls?.validation?.crlPem ?? null, says: errors.map(({ message }) => message) };
}

describe("the revocation list of a validation context", () => {
  it("is part of the plan beside the authority that it is of", () => {
    assert.deepEqual(load({ ...TRUST, crl: { inline_string: LIST } }), { crl: LIST, says: [] });
  });

  it("is none when its text is empty, as in Envoy", () => {
    assert.deepEqual(load({ ...TRUST, crl: { inline_string: "" } }), { crl: "", says: [] });
  });

  for (const [what, text] of [
    ["no list", "foo"],
    ["a list that was cut off", CUT],
    ["a list of two bytes", "-----BEGIN X509 CRL-----\nMII=\n-----END X509 CRL-----\n"],
    ["a list and a broken one", `${LIST}-----BEGIN X509 CRL-----\nMAA\n-----END X509 CRL-----\n${CUT}`],
  ] as const) {
    it(`is refused when its text is ${what}`, () => {
      const { says } = load({ ...TRUST, crl: { inline_string: text } });
      assert.deepEqual(says, ["Failed to load CRL from <inline>"]);
    });
  }

  it("is refused without an authority", () => {
    const { says } = load({ crl: { inline_string: LIST } });
    assert.deepEqual(says, ["Failed to load CRL from <inline> without trusted CA"]);
  });
});
