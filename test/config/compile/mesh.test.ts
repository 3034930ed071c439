// Roles and mesh settings: what each source gives, which wins, and what is refused with what to do.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { EMPTY, extension, FAR, LOCAL, loadMesh } from "../../support/mesh-file.ts";
import { proxyFile } from "../../support/proxy-file.ts";

const SHARING = { owners: 2, flapDamping: false, hasRuntimeLayer: false, load: "merged" };
const NO_FILES = { caFile: null, certFile: null, keyFile: null, nkeySeedFile: null, credentialsFile: null };

describe("a node's mesh", () => {
  it("is none, and its roles are all, when nothing is said", () => {
    const { plan, warnings } = loadMesh(EMPTY);
    assert.deepEqual([plan?.mesh, plan?.roles, warnings], [null, ["proxy", "health", "load"], []]);
  });

  it("is joined by one flag, under the node's id and four random characters", () => {
    const { plan, warnings } = loadMesh(EMPTY, { mesh: "embedded" });
    const broker = { kind: "embedded", port: 14_222 };
    assert.deepEqual(plan?.mesh, {
      name: "default",
      node: "front~0007",
      isNodeNamed: false,
      broker,
      ...SHARING,
      announce: [],
      hasRuntimeLayer: false,
    });
    assert.deepEqual(warnings, []);
  });

  it("has its embedded broker on another port when one is named", () => {
    assert.deepEqual(loadMesh(EMPTY, { mesh: "embedded:4" }).plan?.mesh?.broker, { kind: "embedded", port: 4 });
  });

  it("is joined by the file alone", () => {
    const { plan, errors, warnings } = loadMesh(
      extension(
        "servers: [tls://a.example, 'tls://[2001:db8::1]:4333']",
        "name: blue",
        "node: front-1",
        "roles: [health, proxy]",
        "nkey_file: user.nk",
        "ca_file: ca.pem",
        "cert_file: cert.pem",
        "key_file: key.pem",
      ),
    );
    assert.deepEqual([errors, warnings], [[], []]);
    assert.deepEqual(plan?.roles, ["proxy", "health"]);
    assert.deepEqual(plan?.mesh, {
      name: "blue",
      node: "front-1",
      isNodeNamed: true,
      broker: {
        kind: "nats",
        servers: ["tls://a.example:4222", "tls://[2001:db8::1]:4333"],
        caFile: "ca.pem",
        certFile: "cert.pem",
        keyFile: "key.pem",
        nkeySeedFile: "user.nk",
        credentialsFile: null,
      },
      ...SHARING,
      announce: [],
      hasRuntimeLayer: false,
    });
  });

  it("has as many nodes check each endpoint as the file says, and damps flapping when it says so", () => {
    const { plan, errors } = loadMesh(extension("servers: [embedded]", "owners: 3", "flap_damping: true"));
    assert.deepEqual([errors, plan?.mesh?.owners, plan?.mesh?.flapDamping], [[], 3, true]);
    const [refusal] = loadMesh(extension("servers: [embedded]", "owners: 17")).errors;
    assert.match(refusal ?? "", /owners: must be >= 1 and <= 16, not 17$/);
  });

  it("reports its load in one stream, or each node its own when told so", () => {
    const ways = ["", "load: merged", "load: per_node"].map((line) => {
      const { plan, errors } = loadMesh(extension("servers: [embedded]", line));
      return errors[0] ?? plan?.mesh?.load;
    });
    assert.deepEqual(ways, ["merged", "merged", "per_node"]);
    assert.equal(loadMesh(EMPTY, { mesh: "embedded", "mesh-load": "per-node" }).plan?.mesh?.load, "per_node");
    const { errors } = loadMesh(EMPTY, { mesh: "embedded", "mesh-load": "merge" });
    assert.match(errors[0] ?? "", /'merge' is no way to report load \(did you mean merged\?\)/);
    assert.match(loadMesh(extension("load: per_node")).warnings[0] ?? "", /load: is not used: no mesh is named/);
  });

  it("warns of how checks are shared when there is nobody to share with", () => {
    const { warnings } = loadMesh(extension("owners: 3", "flap_damping: true"));
    assert.deepEqual(
      warnings.map((line) => /\w+(?=: is not used: no mesh is named)/.exec(line)?.[0]),
      ["owners", "flap_damping"],
    );
  });

  it("is what flags say where the file says otherwise, without a word about the file", () => {
    const file = extension(
      "servers: [nats://10.0.0.1]",
      "name: blue",
      "node: front-1",
      "roles: [load]",
      "nkey_file: gone",
      "ca_file: gone",
    );
    const flags = { ...FAR, "mesh-name": "red", "mesh-node": "x", roles: "proxy", "mesh-ca": "ca.pem" };
    const { plan, errors, warnings } = loadMesh(file, flags);
    assert.deepEqual([errors, warnings], [[], []]);
    assert.deepEqual([plan?.roles, plan?.mesh?.name, plan?.mesh?.node], [["proxy"], "red", "x"]);
    const files = { ...NO_FILES, caFile: "ca.pem", nkeySeedFile: "user.nk" };
    assert.deepEqual(plan?.mesh?.broker, { kind: "nats", servers: ["tls://nats.example:4222"], ...files });
  });

  it("is known to its broker by the flag's file, of whichever kind, not by the configuration's", () => {
    const file = extension(`servers: ["${LOCAL}"]`, "nkey_file: gone");
    const { plan, errors, warnings } = loadMesh(file, { "mesh-credentials": "user.creds" });
    assert.deepEqual([errors, warnings], [[], []]);
    const files = { ...NO_FILES, credentialsFile: "user.creds" };
    assert.deepEqual(plan?.mesh?.broker, { kind: "nats", servers: [LOCAL], ...files });
  });

  it("speaks TLS with every server when one is named tls://, and when an authority is named", () => {
    const mixed = loadMesh(EMPTY, { mesh: "nats://localhost:1,tls://[::1]:2" }).plan?.mesh?.broker;
    const asked = loadMesh(EMPTY, { mesh: LOCAL, "mesh-ca": "ca.pem" }).plan?.mesh?.broker;
    assert.deepEqual(
      [mixed, asked].map((broker) => broker?.kind === "nats" && broker.servers),
      [["tls://localhost:1", "tls://[::1]:2"], ["tls://127.0.0.1:4222"]],
    );
  });

  it("keeps a long node id within 64 bytes, and no control character", () => {
    const node = loadMesh(`node: { id: "a\\n${"ü".repeat(60)}" }`, { mesh: "embedded" }).plan?.mesh?.node ?? "";
    assert.match(node, /^a_ü+~0007$/);
    assert.ok(Buffer.byteLength(node) <= 64 && Buffer.byteLength(node) >= 62, node);
  });

  const warned: readonly (readonly [string, string, Readonly<Record<string, string>>, readonly string[]])[] = [
    [
      "what goes with no mesh",
      extension("name: blue"),
      { "mesh-node": "x", "mesh-ca": "ca.pem" },
      [
        "--mesh-ca: is not used: no mesh is named (--mesh)",
        "--mesh-node: is not used: no mesh is named (--mesh)",
        "f:6:5 bootstrap_extensions[0].typed_config.name: is not used: no mesh is named (--mesh)",
      ],
    ],
    [
      "a key for the embedded broker",
      EMPTY,
      { mesh: "embedded", "mesh-nkey": "gone" },
      ["--mesh-nkey: is not used: the embedded broker is on this machine's loopback and knows no clients"],
    ],
    [
      "another extension",
      `bootstrap_extensions: [ { name: x, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router } } ]`,
      {},
      [
        "f:1:36 bootstrap_extensions[0].typed_config: the bootstrap extension " +
          "envoy.extensions.filters.http.router.v3.Router is accepted and not acted on",
      ],
    ],
  ];
  for (const [what, file, flags, says] of warned) {
    it(`comes with a warning of ${what}`, () => {
      const { plan, warnings } = loadMesh(file, flags);
      assert.notEqual(plan, null);
      assert.deepEqual(warnings, says);
    });
  }

  const refused: readonly (readonly [string, string, Readonly<Record<string, string>>, readonly string[]])[] = [
    [
      "an unknown role",
      EMPTY,
      { roles: "proxy,helth,listener" },
      [
        "--roles: 'helth' is no role (did you mean health?)",
        "--roles: 'listener' is no role; there are proxy, health, load, eds",
        "--roles: without the role health nobody checks the endpoints, unless a mesh does: add health, or name a mesh (--mesh)",
      ],
    ],
    [
      "a role that serves nobody without a mesh",
      extension("roles: health"),
      {},
      [
        "f:6:5 bootstrap_extensions[0].typed_config.roles: without the roles proxy and eds a node serves nobody but a mesh: " +
          "add one of them, or name a mesh (--mesh)",
      ],
    ],
    [
      "a name with a bad character",
      EMPTY,
      { mesh: "embedded", "mesh-name": "a.b" },
      ["--mesh-name: 'a.b' is no name of a mesh: it takes letters, digits, - and _"],
    ],
    [
      "names that are too long, all at once",
      EMPTY,
      { mesh: "embedded", "mesh-name": "n".repeat(65), "mesh-node": "ü".repeat(33) },
      [
        `--mesh-name: '${"n".repeat(65)}' is longer than 64 characters: shorten it`,
        `--mesh-node: '${"ü".repeat(33)}' is longer than 64 bytes: shorten it`,
      ],
    ],
    [
      "a node name with a control character",
      EMPTY,
      { mesh: "embedded", "mesh-node": "a\nb" },
      ['--mesh-node: "a\\nb" has a control character'],
    ],
    [
      "two extensions",
      `${extension("name: a")}- name: mesh\n  typed_config: { "@type": type.googleapis.com/starling.mesh.v1.Mesh }\n`,
      {},
      ["f:8:3 bootstrap_extensions[1].typed_config: starling.mesh.v1.Mesh stands here twice: write one"],
    ],
  ];
  for (const [what, file, flags, says] of refused) {
    it(`is refused for ${what}`, () => assert.deepEqual(loadMesh(file, flags).errors, says));
  }
});

describe("a node without the role proxy", () => {
  it("has no listener, though each is checked", () => {
    const file = proxyFile({ port: 10_000, adminPort: 0, upstreamPort: 1 });
    const flags = { mesh: "embedded", roles: "health" };
    const good = loadMesh(file, flags);
    assert.deepEqual([good.errors, good.plan?.listeners, good.plan?.roles], [[], [], ["health"]]);
    assert.equal(loadMesh(file.replace("10000", "70000"), flags).errors.length, 1);
  });
});
