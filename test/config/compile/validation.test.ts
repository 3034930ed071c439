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

describe("system_root_certs of a validation context", () => {
  const text = (validation_context: object): string => {
    const config = {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
      common_tls_context: { validation_context },
    };
    const cluster = {
      name: "c",
      load_assignment: { cluster_name: "c" },
      transport_socket: { name: "t", typed_config: config },
    };
    return JSON.stringify({ static_resources: { clusters: [cluster] } });
  };
  const loaded = (validation: object, files: Readonly<Record<string, string>>, variable?: string) => {
    const { plan, errors } = loadPlan(
      { file: "f", text: text(validation) },
      {
        readFile: (path) => (files[path] === undefined ? new Error("none") : Buffer.from(files[path])),
        environment: (name) => (name === "SSL_CERT_FILE" ? variable : undefined),
      },
    );
    return { trusted: plan?.clusters[0]?.tls?.validation?.trustedCaPem, says: errors.map(({ message }) => message) };
  };

  it("is the machine's file of authorities, the one that a variable names first", () => {
    const files = { "/etc/pki/tls/certs/ca-bundle.crt": pem("ca"), "/own": pem("stranger") };
    assert.deepEqual(loaded({ system_root_certs: {} }, files), { trusted: pem("ca"), says: [] });
    assert.equal(loaded({ system_root_certs: {} }, files, "/own").trusted, pem("stranger"));
    assert.equal(loaded({ system_root_certs: {}, ...TRUST }, { "/own": "" }, "/own").trusted, pem("ca"));
  });

  it("is a mistake where there is none", () => {
    assert.match(loaded({ system_root_certs: {} }, {}).says[0] ?? "", /^no file of the system's authorities was found/);
  });
});
