import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { type BusConnection, readAccess } from "../../../../src/control/mesh/bus/connection.ts";
import { plainConnection } from "../../../support/bus-stage.ts";

describe("the access to NATS servers", () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "access-"));
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  });

  after(() => rmSync(folder, { recursive: true }));

  it("reads servers with ports, and who we are there", () => {
    const servers = [
      "nats://a.example",
      "tls://b.example:4443/",
      "nats://[::1]:4",
      "nats://tok%2Fen@c:1",
      "nats://us%20er:p%40ss@d:2",
      "nats://100%@e:3",
    ];
    const access = readAccess(plainConnection(...servers));
    assert.ok(access.ok);
    assert.deepEqual(
      access.servers.map(({ address, tls, authenticator }) => [address, tls?.host ?? null, authenticator("nonce")]),
      [
        ["a.example:4222", null, undefined],
        ["b.example:4443", "b.example", undefined],
        ["[::1]:4", null, undefined],
        ["c:1", null, { auth_token: "tok/en" }],
        ["d:2", null, { user: "us er", pass: "p@ss" }],
        ["e:3", null, { auth_token: "100%" }],
      ],
    );
  });

  it("gives the certificates to servers with TLS", () => {
    const access = readAccess(
      connection({
        servers: ["tls://192.0.2.1", "nats://b"],
        caFile: "ca",
        certFile: "cert",
        keyFile: "key",
        serverName: "nats",
      }),
    );
    assert.ok(access.ok);
    const tls = {
      host: "192.0.2.1",
      servername: "nats",
      ca: FILES.ca,
      cert: FILES.cert,
      key: FILES.key,
      handshakeFirst: false,
    };
    assert.deepEqual(
      access.servers.map((server) => server.tls),
      [tls, null],
    );
  });

  it("signs with an nkey, and with the credentials of an account's user", () => {
    const byKey = readAccess(connection({ nkeySeedFile: "seed" }));
    const byFile = readAccess(connection({ credentialsFile: "creds" }));
    assert.ok(byKey.ok && byFile.ok);
    const [key, file] = [byKey, byFile].map(
      ({ servers }) => servers[0]?.authenticator("nonce") as unknown as Record<string, string>,
    );
    assert.deepEqual(
      [key?.["nkey"], key?.["nkey"], file?.["jwt"]],
      [PUBLIC_KEY, file?.["nkey"], "header.payload.signature"],
    );
    assert.equal(key?.["sig"], file?.["sig"]);
  });

  const rows: readonly (readonly [title: string, change: Partial<BusConnection>, ...errors: RegExp[]])[] = [
    ["no server", { servers: [] }, /^no NATS server is named$/],
    ["text that is no address", { servers: ["nats"] }, /^'nats' is no address of a NATS server, such as nats:/],
    ["another protocol, its password left out", { servers: ["http://u:secret@h"] }, /^'http:\/\/…@h' is no address/],
    ["an address without a host", { servers: ["nats://"] }, /is no address/],
    ["an address with a path", { servers: ["nats://h/x"] }, /is no address/],
    [
      "files that are not there",
      { caFile: "none", certFile: "no", keyFile: "no" },
      /^cannot read the CA file '.*none': ENOENT$/,
      /certificate file/,
      /key file/,
    ],
    ["a file that is a folder", { nkeySeedFile: "." }, /^cannot read the nkey seed file '.*': EISDIR$/],
    ["a CA that is none", { caFile: "seed" }, /^the CA file '.*seed' is not PEM$/],
    ["a certificate without its key", { certFile: "cert" }, /^a client certificate needs both/],
    [
      "a seed file without a seed",
      { nkeySeedFile: "cert" },
      /^the nkey seed file '.*cert' has no line that begins with S$/,
    ],
    ["a seed that is wrong", { nkeySeedFile: "bad-seed" }, /^the nkey seed file '.*bad-seed' is not valid: /],
    [
      "credentials that are none",
      { credentialsFile: "cert" },
      /^the credentials file '.*cert' is not valid: unable to parse credentials$/,
    ],
    ["two identities", { nkeySeedFile: "seed", credentialsFile: "creds" }, /exclude each other/],
    [
      "an identity and a user",
      { nkeySeedFile: "seed", servers: ["nats://u:secret@h"] },
      /^the server 'h:4222' is given a user or token beside/,
    ],
  ];
  for (const [title, change, ...errors] of rows) {
    it(`refuses ${title}`, () => {
      const access = readAccess(connection(change));
      assert.ok(!access.ok);
      assert.equal(access.errors.length, errors.length, access.errors.join("\n"));
      for (const [at, error] of errors.entries()) assert.match(access.errors[at] ?? "", error);
      assert.ok(!access.errors.join().includes("secret"));
    });
  }

  function connection(change: Partial<BusConnection>): BusConnection {
    const options = ["caFile", "certFile", "keyFile", "nkeySeedFile", "credentialsFile"] as const;
    const files = Object.fromEntries(options.map((option) => [option, inFolder(change[option] ?? null)]));
    return { ...plainConnection("nats://h"), ...change, ...files };
  }

  function inFolder(name: string | null): string | null {
    return name === null ? null : join(folder, name);
  }
});

/** A user's, made for this test. */
const SEED = "SUAGMJH5XLGZKQQWAWKRZJIGMOU4HPFUYLXJMXOO5NLFEO2OOQJ5LPRDPM";

const PUBLIC_KEY = "UBQRQBKW2LPUL5HZSFHZ2ZZ4NYHJB3PSZG5PLFMALMOII3GERMM6BRJT";

const FILES = {
  ca: "-----BEGIN CERTIFICATE-----\nca\n",
  cert: "-----BEGIN CERTIFICATE-----\ncert\n",
  key: "-----BEGIN PRIVATE KEY-----\nkey\n",
  seed: `# mine\n${SEED}\n`,
  "bad-seed": `${SEED.slice(0, -1)}\n`,
  creds: `-----BEGIN NATS USER JWT-----
header.payload.signature
------END NATS USER JWT------

************************* IMPORTANT *************************
NKEY Seed printed below can be used to sign and prove identity.

-----BEGIN USER NKEY SEED-----
${SEED}
------END USER NKEY SEED------
`,
};
