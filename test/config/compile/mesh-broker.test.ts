// Brokers that are not taken: away from this machine without TLS and a name, and what is no server, key or certificate.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { EMPTY, extension, FAR, LOCAL, loadMesh } from "../../support/mesh-file.ts";

describe("the broker of a mesh", () => {
  const refused: readonly (readonly [string, string, Readonly<Record<string, string>>, readonly string[]])[] = [
    [
      "cleartext off loopback",
      EMPTY,
      { mesh: "nats://10.0.0.1" },
      [
        "--mesh: nats://10.0.0.1 is not on this machine and would be open to anyone on the way: " +
          "write tls://10.0.0.1:4222, give --mesh-nkey FILE or --mesh-credentials FILE",
      ],
    ],
    [
      "a nameless client off loopback, in the file",
      extension("servers: tls://nats.example:4443"),
      {},
      [
        "f:6:5 bootstrap_extensions[0].typed_config.servers: tls://nats.example:4443 is not on this machine and would be " +
          "open to anyone on the way: give --mesh-nkey FILE or --mesh-credentials FILE",
      ],
    ],
    [
      "a key that would travel in cleartext",
      EMPTY,
      { ...FAR, mesh: "nats://nats.example" },
      [
        "--mesh: nats://nats.example is not on this machine and would be open to anyone on the way: " +
          "write tls://nats.example:4222",
      ],
    ],
    [
      "a password in the URL",
      EMPTY,
      { mesh: "nats://me:secret@127.0.0.1" },
      [
        "--mesh: a name or password in a URL can be read by everybody on this machine: " +
          "give --mesh-nkey FILE or --mesh-credentials FILE instead",
      ],
    ],
    [
      "a misspelt word",
      EMPTY,
      { mesh: "embeded" },
      ["--mesh: 'embeded' is no server: wants nats://HOST:PORT, tls://HOST:PORT or embedded (did you mean embedded?)"],
    ],
    [
      "what is no server",
      EMPTY,
      { mesh: "127.0.0.1:4222,nats://h:0,nats://h:65536,ws://h,nats://[::1/" },
      ["127.0.0.1:4222", "nats://h:0", "nats://h:65536", "ws://h", "nats://[::1/"].map(
        (url) => `--mesh: '${url}' is no server: wants nats://HOST:PORT, tls://HOST:PORT or embedded`,
      ),
    ],
    [
      "a broker of its own beside others'",
      EMPTY,
      { mesh: `embedded,${LOCAL}` },
      ["--mesh: embedded stands alone: name servers, or embedded"],
    ],
    ["a broker on no port", EMPTY, { mesh: "embedded:0" }, ["--mesh: 0 is no port: wants embedded or embedded:PORT"]],
    [
      "a file that cannot be read",
      EMPTY,
      { mesh: LOCAL, "mesh-credentials": "gone" },
      ["--mesh-credentials: cannot read 'gone': No such file or directory"],
    ],
    [
      "files of other things",
      EMPTY,
      { mesh: LOCAL, "mesh-nkey": "garbage", "mesh-ca": "garbage", "mesh-cert": "garbage", "mesh-key": "cert.pem" },
      [
        "--mesh-ca: holds no certificate in PEM form",
        "--mesh-cert: holds no certificate in PEM form",
        "--mesh-key: holds no private key in PEM form",
        "--mesh-nkey: holds no user seed: wants a line of 58 characters that begins with SU, as nk -gen user prints",
      ],
    ],
    [
      "a seed where credentials are wanted",
      EMPTY,
      { mesh: LOCAL, "mesh-credentials": "user.nk" },
      ["--mesh-credentials: holds no credentials: wants a .creds file with a user's JWT and its nkey seed"],
    ],
    [
      "two identities",
      EMPTY,
      { mesh: LOCAL, "mesh-nkey": "user.nk", "mesh-credentials": "user.creds" },
      ["--mesh-nkey: --mesh-nkey and --mesh-credentials exclude each other"],
    ],
    [
      "a certificate without its key",
      EMPTY,
      { mesh: LOCAL, "mesh-cert": "cert.pem" },
      ["--mesh-cert: goes with --mesh-key (key_file)"],
    ],
  ];
  for (const [what, file, flags, says] of refused) {
    it(`is refused for ${what}`, () => assert.deepEqual(loadMesh(file, flags).errors, says));
  }
});
