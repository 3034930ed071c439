import assert from "node:assert/strict";
import { BlockList, isIP } from "node:net";
import fc from "fast-check";
import { describe, it } from "mocha";
import { ipText, NetworkSet, networkText, parseIp } from "../../src/base/ip-address.ts";

describe("IP addresses", () => {
  it("are read as the system reads them", () => {
    const piece = fc.constantFrom("0", "1", "255", "256", "ffff", "g", "", ":", "::", ".", "1.2.3.4", "01");
    const text = fc
      .array(piece, { minLength: 1, maxLength: 9 })
      .chain((parts) => fc.constantFrom(":", ".", "").map((joint) => parts.join(joint)));
    fc.assert(fc.property(text, (value) => assert.equal(parseIp(value) !== null, isIP(value) !== 0, value)));
    fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (value) => assert.notEqual(parseIp(value), null)));
  });

  it("have an IPv4 part only at their end", () => {
    assert.equal(parseIp("1.2.3.4::1"), null);
    assert.equal(parseIp("1.2.3.4::"), null);
    assert.deepEqual(parseIp("64:ff9b::1.2.3.4")?.slice(-4), Uint8Array.of(1, 2, 3, 4));
  });

  it("are written in their one shortest form", () => {
    for (const [text, form] of [
      ["192.0.2.1", "192.0.2.1"],
      ["::", "::"],
      ["::1", "::1"],
      ["1::", "1::"],
      ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
      ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
      ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
      ["::ffff:192.0.2.1", "192.0.2.1"],
    ] as const) {
      assert.equal(ipText(parseIp(text) ?? new Uint8Array(4)), form);
    }
    const isSame = (text: string) => {
      const bytes = parseIp(text) as Uint8Array;
      assert.deepEqual(parseIp(ipText(bytes)), bytes);
      // The system writes an IPv4-compatible address, which nobody uses, with dots.
      if (bytes.length === 16 && bytes.slice(0, 12).some((byte) => byte !== 0)) {
        assert.equal(`[${ipText(bytes)}]`, new URL(`http://[${text}]/`).hostname);
      }
    };
    fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), isSame));
  });

  it("belong to the networks that the system says", () => {
    const networks = ["10.0.0.0/8", "192.0.2.128/25", "fd00::/9", "::1/128"];
    const ours = new NetworkSet(networks);
    const theirs = new BlockList();
    for (const network of networks) {
      const [address = "", bits = ""] = network.split("/");
      theirs.addSubnet(address, Number(bits), address.includes(":") ? "ipv6" : "ipv4");
    }
    const near = fc.constantFrom(
      "10.1.2.3",
      "11.0.0.0",
      "192.0.2.127",
      "192.0.2.128",
      "fd7f::1",
      "fd80::1",
      "::1",
      "::2",
    );
    fc.assert(
      fc.property(fc.oneof(near, fc.ipV4(), fc.ipV6()), (address) => {
        const bytes = parseIp(address);
        assert.equal(bytes !== null && ours.has(bytes), theirs.check(address, address.includes(":") ? "ipv6" : "ipv4"));
      }),
    );
  });

  it("that are IPv4 written as IPv6 are IPv4", () => {
    assert.deepEqual(parseIp("::ffff:10.0.0.1"), parseIp("10.0.0.1"));
    assert.equal(new NetworkSet(["10.0.0.0/8"]).has(parseIp("::ffff:10.0.0.1") ?? new Uint8Array(0)), true);
  });

  it("are written without the bits behind their length", () => {
    const written = [
      networkText("10.1.2.3", 8),
      networkText("10.1.2.131", 25),
      networkText("10.1.2.3", 33),
      networkText("fd00::ff", 9),
      networkText("fe80::1", 0),
      networkText("x", 8),
    ];
    assert.deepEqual(written, ["10.0.0.0/8", "10.1.2.128/25", "10.1.2.3/32", "fd00::/9", "::/0", null]);
  });

  it("tell how narrow the narrowest with an address is", () => {
    const networks = new NetworkSet(["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "10.2.0.0/16"]);
    const of = (address: string) => networks.narrowest(parseIp(address) ?? new Uint8Array(0));
    assert.deepEqual(["10.1.2.3", "10.3.0.0", "11.0.0.0", "::1"].map(of), [16, 8, 0, -1]);
  });
});
