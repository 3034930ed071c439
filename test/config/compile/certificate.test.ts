// Certificates are read and checked when a plan is compiled, with what is wrong said at the field.
import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { loadPlan } from "../../../src/config/compile/load-plan.ts";
import { formatDiagnostic } from "../../../src/config/load/format-diagnostic.ts";

const pems = pemsOf(readFileSync("test/golden/plan/tls.yaml", "utf8"));

describe("a certificate of a listener", () => {
  it("is read from files, and named for /certs by the path of its chain", () => {
    const [certificate] = certificatesOf({ "/a.crt": pems.chain, "/a.key": pems.key });
    assert.deepEqual(
      [certificate?.source, certificate?.names, certificate?.chainPem],
      ["/a.crt", ["front-envoy"], pems.chain],
    );
  });

  it("is refused when its file is not there, with the file's name", () => {
    assert.deepEqual(errorsOf({ "/a.crt": pems.chain }), [
      "f:16:68 PATH.private_key.filename: Invalid path: /a.key (no such file)",
    ]);
  });

  it("is refused when the key is another one's", () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
    const other = String(privateKey.export({ type: "pkcs8", format: "pem" }));
    assert.match(errorsOf({ "/a.crt": pems.chain, "/a.key": other })[0] ?? "", /^f:16:52 .*KEY_VALUES_MISMATCH/);
  });

  it("is refused when the key has fewer than 2048 bits", () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 1_024 });
    const short = String(privateKey.export({ type: "pkcs8", format: "pem" }));
    assert.match(errorsOf({ "/a.crt": pems.chain, "/a.key": short })[0] ?? "", /2048-bit or larger keys/);
  });

  it("is read with its password", () => {
    const encrypted = createPrivateKey(pems.key).export({
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "x",
    });
    const files = { "/a.crt": pems.chain, "/a.key": String(encrypted) };
    assert.equal(load(files, "x").plan?.listeners[0]?.filterChains[0]?.tls?.certificates[0]?.password, "x");
    assert.match(load(files, "wrong").errors[0]?.message ?? "", /Failed to load private key from \/a.key/);
  });

  it("is refused when a later certificate of its chain is none", () => {
    const broken = `${pems.chain}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`;
    assert.match(
      errorsOf({ "/a.crt": broken, "/a.key": pems.key })[0] ?? "",
      /Failed to load certificate chain from \/a.crt/,
    );
  });

  it("is refused when the key is no PEM", () => {
    assert.match(
      errorsOf({ "/a.crt": pems.chain, "/a.key": "x" })[0] ?? "",
      /Failed to load private key from \/a.key, Cause/,
    );
  });
});

function load(files: Readonly<Record<string, string>>, password = "") {
  const tls = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
  const text = `static_resources:
  listeners:
  - name: l
    address: { socket_address: { address: 127.0.0.1, port_value: 443 } }
    filter_chains:
    - filters:
      - name: h
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: s
          route_config: {}
          http_filters: [ { name: r, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router } } ]
      transport_socket:
        name: t
        typed_config: { "@type": ${tls}, common_tls_context: { tls_certificates: [
          { certificate_chain: {filename: /a.crt}, private_key:  { filename: /a.key }, password: { inline_string: "${password}" } } ] } }
`;
  return loadPlan(
    { file: "f", text },
    {
      readFile: (path) => {
        const found = files[path];
        return found === undefined ? new Error("no such file") : new TextEncoder().encode(found);
      },
    },
  );
}

function certificatesOf(files: Readonly<Record<string, string>>) {
  return load(files).plan?.listeners[0]?.filterChains[0]?.tls?.certificates ?? [];
}

function errorsOf(files: Readonly<Record<string, string>>): string[] {
  return load(files).errors.map((one) =>
    formatDiagnostic(one).replace(/static_resources\S*tls_certificates\[0\]/, "PATH"),
  );
}

/** The certificate and key that stand inline in a golden file. */
function pemsOf(yaml: string): { chain: string; key: string } {
  const block = (kind: string): string => {
    const found = new RegExp(`-----BEGIN ${kind}-----[\\s\\S]*?-----END ${kind}-----`).exec(yaml);
    return `${(found?.[0] ?? "").replace(/^ +/gm, "")}\n`;
  };
  return { chain: block("CERTIFICATE"), key: block("PRIVATE KEY") };
}
