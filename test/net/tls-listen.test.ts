import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { afterEach, describe, it } from "mocha";
import { chainPlan } from "../support/net-peers.ts";
import { TlsHarness } from "../support/tls-harness.ts";
import { certificate, chains, FRONT_NAMES, serverTls, tlsChains } from "../support/tls-plans.ts";

describe("a TLS listener", () => {
  const tls = new TlsHarness();

  afterEach(() => tls.end());

  it("carries bytes both ways and tells what was agreed", async () => {
    await tls.open(tlsChains());
    const socket = await tls.secured();
    socket.write("through TLS");
    const answer = await new Promise<Buffer>((resolve) => socket.once("data", resolve));
    assert.equal(answer.toString(), "through TLS");
    assert.deepEqual(tls.door.channels[0]?.channel.tls, {
      version: "TLSv1.3",
      cipher: "TLS_AES_256_GCM_SHA384",
      alpn: "",
      serverName: "front.example",
      resumed: false,
      peerVerified: false,
      shown: null,
    });
    assert.deepEqual(tls.door.log, ["handshake", "channel:only"]);
    assert.equal(tls.door.channels[0]?.channel.remotePort, socket.localPort);
  });

  it("brings back four megabytes to a client that reads late", async () => {
    await tls.open(tlsChains());
    const socket = await tls.secured();
    const sent = randomBytes(4 * 1024 * 1024);
    socket.write(sent);
    const hash = createHash("sha256");
    let got = 0;
    await new Promise<void>((resolve) => {
      setImmediate(() =>
        socket.on("data", (chunk: Buffer) => {
          hash.update(chunk);
          got += chunk.length;
          if (got === sent.length) resolve();
        }),
      );
    });
    assert.equal(hash.digest("hex"), createHash("sha256").update(sent).digest("hex"));
  });

  it("says goodbye with close_notify after its last bytes", async () => {
    await tls.open(tlsChains());
    const socket = await tls.secured();
    await tls.door.said("channel:only");
    const channel = tls.door.channels[0]?.channel;
    channel?.out.reserve(4);
    channel?.out.bytes.write("last");
    if (channel !== undefined) channel.out.end = 4;
    channel?.close();
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    await new Promise((resolve) => socket.once("end", resolve));
    assert.equal(text, "last");
  });

  it("resets below TLS when it aborts with reset", async () => {
    await tls.open(tlsChains());
    const socket = await tls.secured();
    const error = new Promise<NodeJS.ErrnoException>((resolve) => socket.once("error", resolve));
    socket.resume();
    await tls.door.said("channel:only");
    tls.door.channels[0]?.channel.abort("reset");
    assert.equal((await error).code, "ECONNRESET");
  });

  describe("with ALPN", () => {
    it("agrees on nothing without alpn_protocols, whatever is offered", async () => {
      await tls.open(tlsChains());
      const socket = await tls.secured({ ALPNProtocols: ["h2", "http/1.1"] });
      assert.equal(socket.alpnProtocol, false);
      await tls.door.said("channel:only");
      assert.equal(tls.door.channels[0]?.channel.tls?.alpn, "");
    });

    it("takes its own preference of what is offered", async () => {
      await tls.open(tlsChains({ alpn: ["h2", "http/1.1"] }));
      const socket = await tls.secured({ ALPNProtocols: ["http/1.1", "h2"] });
      assert.equal(socket.alpnProtocol, "h2");
      await tls.door.said("channel:only");
      assert.equal(tls.door.channels[0]?.channel.tls?.alpn, "h2");
    });

    it("goes on without when nothing that is offered is configured, as Envoy does", async () => {
      await tls.open(tlsChains({ alpn: ["h2"] }));
      const socket = await tls.secured({ ALPNProtocols: ["http/1.1"] });
      assert.equal(socket.alpnProtocol, false);
      const other = await tls.secured({ ALPNProtocols: ["h2"] });
      assert.equal(other.alpnProtocol, "h2");
    });
  });

  describe("with several certificates", () => {
    const several = [
      certificate("front", FRONT_NAMES),
      certificate("other", ["other.example"]),
      certificate("front-rsa", FRONT_NAMES),
    ];
    const shown = (socket: TLSSocket): string => socket.getPeerCertificate().subjectaltname ?? "";

    for (const [asked, subject] of [
      ["front.example", "DNS:front.example"],
      ["OTHER.example", "DNS:other.example"],
      ["a.front.example", "DNS:front.example"],
      ["unknown.example", "DNS:front.example"],
    ] as const) {
      it(`shows the one for ${asked}`, async () => {
        await tls.open(tlsChains({ certificates: several }));
        const socket = await tls.secured({ servername: asked, rejectUnauthorized: false });
        assert.ok(shown(socket).startsWith(subject), shown(socket));
      });
    }

    it("shows RSA or ECDSA as the client can do", async () => {
      await tls.open(tlsChains({ certificates: several }));
      const rsa = await tls.secured({ ciphers: "ECDHE-RSA-AES128-GCM-SHA256", maxVersion: "TLSv1.2" });
      assert.notEqual(rsa.getPeerCertificate().modulus, undefined);
      const ecdsa = await tls.secured({ sigalgs: "ecdsa_secp256r1_sha256" });
      assert.equal(ecdsa.getPeerCertificate().modulus, undefined);
    });
  });

  describe("with several filter chains", () => {
    const named = (name: string, serverNames: readonly string[], parts = {}): ReturnType<typeof chainPlan> =>
      chainPlan({ name, match: { ...chainPlan().match, serverNames }, tls: serverTls(), ...parts });

    it("chooses by server name, most specific first", async () => {
      await tls.open(
        chains(named("exact", ["a.front.example"]), named("wild", ["*.front.example"]), named("rest", [])),
      );
      const asked = ["a.front.example", "b.front.example", "c.d.front.example", "front.example"];
      for (const [before, servername] of asked.entries()) {
        await tls.secured({ servername, rejectUnauthorized: false });
        await tls.door.made(before + 1);
      }
      const chosen = tls.door.log.filter((entry) => entry.startsWith("channel:"));
      assert.deepEqual(chosen, ["channel:exact", "channel:wild", "channel:wild", "channel:rest"]);
    });

    it("serves TLS and cleartext on one port", async () => {
      const match = { ...chainPlan().match, transportProtocol: "tls" };
      await tls.open(chains(chainPlan({ name: "tls", match, tls: serverTls() }), chainPlan({ name: "clear" })));
      await tls.secured();
      await tls.door.said("channel:tls");
      const socket = await tls.plain();
      socket.write("GET / HTTP/1.1\r\n");
      const echoed = await new Promise<Buffer>((resolve) => socket.once("data", resolve));
      assert.equal(echoed.toString(), "GET / HTTP/1.1\r\n");
      socket.write("more");
      assert.equal((await new Promise<Buffer>((resolve) => socket.once("data", resolve))).toString(), "more");
      assert.deepEqual(tls.door.log, ["handshake", "channel:tls", "channel:clear"]);
    });

    it("chooses by offered protocol", async () => {
      const match = { ...chainPlan().match, applicationProtocols: ["h2"] };
      const h2 = chainPlan({ name: "h2", match, tls: serverTls({ alpn: ["h2"] }) });
      await tls.open(chains(h2, chainPlan({ name: "rest", tls: serverTls() })));
      assert.equal((await tls.secured({ ALPNProtocols: ["http/1.1", "h2"] })).alpnProtocol, "h2");
      assert.equal((await tls.secured({ ALPNProtocols: ["http/1.1"] })).alpnProtocol, false);
    });

    it("tells whom a client asked for, also where its TLS goes through", async () => {
      const match = { ...chainPlan().match, transportProtocol: "tls" };
      await tls.open(chains(chainPlan({ name: "through", match }), named("ours", ["a.example"])));
      await tls.secured({ servername: "a.example", rejectUnauthorized: false });
      await tls.door.said("channel:ours");
      await tls.refused({ servername: "b.example" }); // its hello comes back: nobody there speaks TLS
      assert.deepEqual(tls.door.log, ["handshake", "channel:ours", "channel:through"]);
      const asked = tls.door.channels.map(({ channel }) => channel.serverName);
      assert.deepEqual(asked, ["a.example", "b.example"]);
    });

    it("closes a connection that none matches, and takes the default chain when there is one", async () => {
      await tls.open(chains(named("a", ["a.example"])));
      await tls.refused({ servername: "b.example" });
      assert.deepEqual(tls.door.log, ["no-chain"]);
      const defaultFilterChain = chainPlan({ name: "default", tls: serverTls() });
      tls.door.listening.applyChains({ ...chains(named("a", ["a.example"])), defaultFilterChain });
      await tls.secured({ servername: "b.example", rejectUnauthorized: false });
      await tls.door.said("channel:default");
    });
  });
});
