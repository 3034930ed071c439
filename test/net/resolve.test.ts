import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { type LookupFamily, type LookupOutcome, NameResolver } from "../../src/net/resolve.ts";
import { type DnsServer, dnsServer } from "../support/dns-server.ts";
import { eventually } from "../support/nodes.ts";

describe("the name resolver", () => {
  let folder: string;
  let server: DnsServer;
  let names: NameResolver;
  let hasty: NameResolver;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "names-"));
    writeFileSync(
      join(folder, "hosts"),
      "10.0.0.1 Front front.example # a comment\n10.0.0.2 front\nbroken line\nfe80::1 front\n",
    );
    writeFileSync(join(folder, "resolv.conf"), "search svc.example other.example\noptions ndots:2\n");
    server = await dnsServer({
      "both.example.com": { v4: ["192.0.2.1", "192.0.2.2"], v6: ["2001:db8::1"], ttlS: 30 },
      "four.example.com": { v4: ["192.0.2.4"], ttlS: 7 },
      "six.example.com": { v6: ["2001:db8::6"], ttlS: 8 },
      "broken.example.com": "servfail",
      "silent.example.com": "silent",
      "short.other.example": { v4: ["192.0.2.9"], ttlS: 60 },
    });
    const files = { hostsPath: join(folder, "hosts"), resolvConfPath: join(folder, "resolv.conf"), tries: 1 };
    // Whoever answers has the time that a busy machine takes; only who never does is given up soon.
    names = new NameResolver({ ...files, timeoutMs: 10_000 });
    hasty = new NameResolver({ ...files, timeoutMs: 50 });
  });

  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  const ask = (name: string, family: LookupFamily): Promise<LookupOutcome> =>
    names.lookUp(name, family, [server.address]).outcome;

  const families: readonly [string, string, LookupFamily, readonly string[]][] = [
    ["IPv6 alone when auto finds some", "both.example.com", "auto", ["2001:db8::1"]],
    ["IPv4 when auto finds no IPv6", "four.example.com", "auto", ["192.0.2.4"]],
    ["only IPv4 when told so", "both.example.com", "v4_only", ["192.0.2.1", "192.0.2.2"]],
    ["only IPv6 when told so", "both.example.com", "v6_only", ["2001:db8::1"]],
    ["IPv4 first when preferred", "both.example.com", "v4_preferred", ["192.0.2.1", "192.0.2.2"]],
    ["IPv6 when IPv4 is preferred and missing", "six.example.com", "v4_preferred", ["2001:db8::6"]],
    ["both when all are wanted", "both.example.com", "all", ["192.0.2.1", "192.0.2.2", "2001:db8::1"]],
    ["what there is when all are wanted", "six.example.com", "all", ["2001:db8::6"]],
    ["the hosts file before the name service", "front", "v4_only", ["10.0.0.1", "10.0.0.2"]],
    ["the hosts file in any case of letters", "FRONT.example", "v4_only", ["10.0.0.1"]],
    ["localhost as Envoy does for auto", "localhost", "auto", ["::1"]],
    ["localhost as Envoy does for all", "localhost", "all", ["127.0.0.1", "::1"]],
    ["names below localhost", "a.localhost", "v4_only", ["127.0.0.1"]],
    ["an address as it is", "192.0.2.77", "v6_only", ["192.0.2.77"]],
    ["a short name by the search domains", "short", "v4_only", ["192.0.2.9"]],
  ];
  for (const [title, name, family, addresses] of families) {
    it(`answers ${title}`, async () => {
      const outcome = await ask(name, family);
      assert.ok(outcome.kind === "resolved", JSON.stringify(outcome));
      assert.deepEqual(
        outcome.addresses.map(({ host }) => host),
        addresses,
      );
    });
  }

  it("tells the time to live of records, and none where nobody knows it", async () => {
    assert.deepEqual(await ask("four.example.com", "v4_only"), {
      kind: "resolved",
      addresses: [{ host: "192.0.2.4", ttlS: 7 }],
    });
    const known = await ask("front", "v4_only");
    assert.ok(known.kind === "resolved");
    assert.deepEqual(known.addresses[0], { host: "10.0.0.1", ttlS: Infinity });
  });

  it("tells a name that does not exist, or has no such address, from a failure", async () => {
    assert.deepEqual(await ask("nobody.example.com", "auto"), { kind: "resolved", addresses: [] });
    assert.deepEqual(await ask("four.example.com", "v6_only"), { kind: "resolved", addresses: [] });
    assert.deepEqual(await ask("broken.example.com", "auto"), {
      kind: "failed",
      text: "DNS server returned general failure",
    });
    assert.deepEqual(await hasty.lookUp("silent.example.com", "v4_only", [server.address]).outcome, {
      kind: "failed",
      text: "Timeout while contacting DNS servers",
    });
    // Given up is one thing, heard there another.
    await eventually(() => server.asked.includes("A silent.example.com"));
  });

  it("asks for a name with enough dots as it is first", async () => {
    const before = server.asked.length;
    await ask("both.example.com", "v4_only");
    assert.deepEqual(server.asked.slice(before), ["A both.example.com"]);
    await ask("short", "v4_only");
    assert.deepEqual(server.asked.slice(before + 1), ["A short.svc.example", "A short.other.example"]);
  });

  it("can be cancelled", async () => {
    const lookup = names.lookUp("silent.example.com", "auto", [server.address]);
    lookup.cancel();
    assert.deepEqual(await lookup.outcome, { kind: "failed", text: "DNS query cancelled" });
  });

  it("refuses a server that is no address, as a value", async () => {
    const outcome = await names.lookUp("both.example.com", "auto", ["not an address"]).outcome;
    assert.equal(outcome.kind, "failed");
  });

  it("sees a change of the hosts file at the next lookup", async () => {
    writeFileSync(join(folder, "hosts"), "10.0.0.77 front\n");
    const outcome = await ask("front", "v4_only");
    assert.deepEqual(outcome, { kind: "resolved", addresses: [{ host: "10.0.0.77", ttlS: Infinity }] });
  });
});
