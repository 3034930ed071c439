import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, it } from "mocha";
import { hostsFileAddresses, parseHosts } from "../../src/net/hosts-file.ts";
import { lookUp } from "../../src/net/look-up.ts";

let server: Socket | null = null;

/** A name server that answers every question with this code and these A records. */
function nameServer(rcode: number, addresses: readonly string[], ttlS: number = 7): Promise<string> {
  const socket = createSocket("udp4");
  server = socket;
  socket.on("message", (query, { port, address }) => {
    const isA = query.readUInt16BE(query.length - 4) === 1 || query.includes(Buffer.from([0, 0, 1, 0, 1]));
    const answers = isA ? addresses : [];
    const questionEnd = query.indexOf(0, 12) + 5;
    const head = Buffer.from(query.subarray(0, questionEnd));
    head.writeUInt16BE(0x8180 | rcode, 2);
    head.writeUInt16BE(answers.length, 6);
    head.writeUInt32BE(0, 8);
    const records = answers.map((one) => {
      const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, ttlS, 0, 4, ...one.split(".").map(Number)]);
      return record;
    });
    socket.send(Buffer.concat([head, ...records]), port, address);
  });
  return new Promise((resolve) => {
    socket.bind(0, "127.0.0.1", () => resolve(`127.0.0.1:${socket.address().port}`));
  });
}

describe("looking names up", () => {
  afterEach(() => {
    server?.close();
    server = null;
  });

  it("takes an IP address as it is, for ever", async () => {
    assert.deepEqual(await lookUp("192.0.2.1", "v4_only", []), {
      kind: "resolved",
      addresses: [{ host: "192.0.2.1", ttlS: Number.POSITIVE_INFINITY }],
    });
  });

  it("knows localhost without a name server", async () => {
    const outcome = await lookUp("localhost", "v4_only", ["127.0.0.1:1"]);
    assert.ok(outcome.kind === "resolved" && outcome.addresses.some(({ host }) => host === "127.0.0.1"));
  });

  it("answers with every record and its TTL", async () => {
    const at = await nameServer(0, ["192.0.2.1", "192.0.2.2"]);
    assert.deepEqual(await lookUp("service.example", "v4_only", [at]), {
      kind: "resolved",
      addresses: [
        { host: "192.0.2.1", ttlS: 7 },
        { host: "192.0.2.2", ttlS: 7 },
      ],
    });
  });

  it("falls back to IPv4 when there is no IPv6 record", async () => {
    const at = await nameServer(0, ["192.0.2.1"]);
    const outcome = await lookUp("service.example", "auto", [at]);
    assert.ok(outcome.kind === "resolved");
    assert.deepEqual(
      outcome.addresses.map(({ host }) => host),
      ["192.0.2.1"],
    );
  });

  it("takes a name that does not exist as an answer without addresses", async () => {
    const at = await nameServer(3, []);
    assert.deepEqual(await lookUp("nothing.example", "v4_only", [at]), { kind: "resolved", addresses: [] });
  });

  it("takes a failing name server as a failure", async () => {
    const at = await nameServer(2, []);
    assert.deepEqual(await lookUp("service.example", "v4_only", [at]), { kind: "failed", text: "ESERVFAIL" });
  });
});

describe("the hosts file", () => {
  it("gives every address of a name, in whatever case it is written", () => {
    const names = parseHosts("127.0.0.1 a b # c\n::1 A\n\nnonsense a\n10.0.0.1\tb\n");
    assert.deepEqual(names.get("a"), ["127.0.0.1", "::1"]);
    assert.deepEqual(names.get("b"), ["127.0.0.1", "10.0.0.1"]);
    assert.equal(names.get("c"), undefined);
  });

  it("is read again when it changed", () => {
    const folder = mkdtempSync(join(tmpdir(), "starling-test-"));
    const path = join(folder, "hosts");
    writeFileSync(path, "192.0.2.1 a\n");
    assert.deepEqual(hostsFileAddresses("a", 4, path), ["192.0.2.1"]);
    writeFileSync(path, "192.0.2.1 a\n192.0.2.22 a\n");
    assert.deepEqual(hostsFileAddresses("a", 4, path), ["192.0.2.1", "192.0.2.22"]);
    assert.deepEqual(hostsFileAddresses("a", 6, path), []);
    assert.equal(hostsFileAddresses("b", 4, path), null);
    rmSync(folder, { recursive: true });
  });
});
