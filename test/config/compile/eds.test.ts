// Where endpoints are served: what each source gives, and what is refused or of no use.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { EdsTlsPlan } from "../../../src/config/plan/eds.ts";
import { EMPTY, extension, LOCAL, loadMesh } from "../../support/mesh-file.ts";

function listen(host: string, port: number, tls: EdsTlsPlan | null = null) {
  return { listen: { kind: "socket", host, port, ipv4Compat: false }, tls };
}

describe("endpoint discovery", () => {
  it("is not served unless a node is told to", () => {
    assert.equal(loadMesh(EMPTY, { mesh: LOCAL }).plan?.eds, null);
    assert.deepEqual(loadMesh(EMPTY).plan?.roles.includes("eds"), false);
  });

  it("is served on loopback, by a node in no mesh too", () => {
    const { plan, errors, warnings } = loadMesh(EMPTY, { roles: "eds,health" });
    assert.deepEqual([errors, warnings], [[], []]);
    assert.deepEqual([plan?.roles, plan?.eds], [["health", "eds"], listen("127.0.0.1", 18_001)]);
  });

  it("is served elsewhere where that is said: by the file, and by a flag over it", () => {
    const file = extension("roles: [health, eds]", "eds_listen: 192.0.2.1:1");
    assert.deepEqual(loadMesh(file).plan?.eds, listen("192.0.2.1", 1));
    assert.deepEqual(loadMesh(file, { "eds-listen": "[::]:65535" }).plan?.eds, listen("::", 65_535));
  });

  it("is served over TLS with a certificate and its key, to clients that show one where an authority is named", () => {
    const tls = { certFile: "cert.pem", keyFile: "key.pem", caFile: "" };
    const said = { roles: "health,eds", "eds-cert": "cert.pem", "eds-key": "key.pem" };
    assert.deepEqual(loadMesh(EMPTY, said).plan?.eds, listen("127.0.0.1", 18_001, tls));
    const file = extension(
      "roles: [health, eds]",
      "eds_cert_file: cert.pem",
      "eds_key_file: key.pem",
      "eds_ca_file: ca.pem",
    );
    assert.deepEqual(loadMesh(file).plan?.eds, listen("127.0.0.1", 18_001, { ...tls, caFile: "ca.pem" }));
    const errorsOf = (flags: Record<string, string>) => loadMesh(EMPTY, { roles: "health,eds", ...flags }).errors;
    assert.deepEqual(errorsOf({ "eds-cert": "cert.pem" }), ["--eds-cert: goes with --eds-key (eds_key_file)"]);
    assert.deepEqual(errorsOf({ "eds-ca": "ca.pem" }), ["--eds-ca: goes with --eds-cert (eds_cert_file)"]);
    assert.deepEqual(errorsOf({ "eds-cert": "garbage", "eds-key": "nowhere" }), [
      "--eds-cert: holds no certificate in PEM form",
      "--eds-key: cannot read 'nowhere': No such file or directory",
    ]);
  });

  it("is told to be of no use without the role", () => {
    const { warnings } = loadMesh(EMPTY, { "eds-listen": "127.0.0.1:1" });
    assert.deepEqual(warnings, ["--eds-listen: is not used: this node has no role eds (--roles)"]);
  });

  for (const text of ["18001", "localhost:18001", "127.0.0.1", "127.0.0.1:65536", "::1:18001", "1.2.3:4"]) {
    it(`is refused on '${text}'`, () => {
      const wants = "is no address: wants IP:PORT, as 127.0.0.1:18001 or [::1]:18001";
      const { errors } = loadMesh(EMPTY, { roles: "health,eds", "eds-listen": text });
      assert.deepEqual(errors, [`--eds-listen: '${text}' ${wants}`]);
    });
  }

  it("is not served by a node that knows no health", () => {
    const { errors } = loadMesh(EMPTY, { roles: "eds" });
    assert.equal(errors.length, 1);
    assert.match(errors[0] ?? "", /^--roles: without the role health nobody checks the endpoints, unless a mesh does/);
    assert.deepEqual(loadMesh(EMPTY, { roles: "eds", mesh: LOCAL }).errors, []);
  });
});
