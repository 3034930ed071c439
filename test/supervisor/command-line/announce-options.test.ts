import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ANNOUNCE_FLAGS, announceOptions } from "../../../src/supervisor/command-line/announce-options.ts";
import { parseFlags } from "../../../src/supervisor/command-line/parse-flags.ts";

const read = (...args: string[]) => announceOptions(parseFlags(ANNOUNCE_FLAGS, args));
const HERE = ["--service", "shop", "--address", "127.0.0.1:80"];
const plain = { weight: 1, locality: { region: "", zone: "", subZone: "" }, metadata: {} };

describe("the flags of starling announce", () => {
  it("say which service listens where", () => {
    const endpoint = { ...plain, host: "127.0.0.1", port: 80 };
    assert.deepEqual(read(...HERE), { service: "shop", endpoints: [endpoint] });
  });

  it("take an IPv6 address in brackets, a weight and a locality", () => {
    const locality = { region: "r", zone: "", subZone: "s" };
    const endpoint = { host: "2001:db8::1", port: 443, weight: 7, locality, metadata: {} };
    assert.deepEqual(read("--service=shop", "--address=[2001:DB8:0::1]:443", "--weight", "7", "--locality", "r//s"), {
      service: "shop",
      endpoints: [endpoint],
    });
  });

  it("are none that mean something to a node alone", () => {
    const names = ANNOUNCE_FLAGS.map(({ name }) => name).filter((name) => /^(eds-.*|roles|mesh-load)$/.test(name));
    assert.deepEqual(names, []);
  });

  for (const [what, args, errors] of [
    [
      "nothing at all",
      [],
      [
        "--service is missing: the service_name of the clusters that are to use it",
        "--address is missing: the IP:PORT where the service listens",
      ],
    ],
    [
      "an address without a port",
      ["--service", "s", "--address", "10.0.0.1"],
      ["--address '10.0.0.1' is not IP:PORT with a port of 1 to 65535"],
    ],
    [
      "an IPv6 address without brackets",
      ["--service", "s", "--address", "::1:80"],
      ["--address '::1:80' is not IP:PORT with a port of 1 to 65535"],
    ],
    [
      "a port of 0",
      ["--service", "s", "--address", "10.0.0.1:0"],
      ["--address '10.0.0.1:0' is not IP:PORT with a port of 1 to 65535"],
    ],
    [
      "a name",
      ["--service", "s", "--address", "localhost:80"],
      ["--address 'localhost:80': an announced address is an IP address, not a name"],
    ],
    [
      "the unspecified address",
      ["--service", "s", "--address", "0.0.0.0:80"],
      ["--address '0.0.0.0:80': nobody can connect to an unspecified address"],
    ],
    ["a weight of 0", [...HERE, "--weight", "0"], ["--weight is 1 to 65535"]],
    [
      "four parts of a locality",
      [...HERE, "--locality", "a/b/c/d"],
      ["--locality 'a/b/c/d' is not region/zone/sub_zone"],
    ],
    ["a locality that is too long", [...HERE, "--locality", "r".repeat(256)], ["--locality has more than 255 bytes"]],
    [
      "a service whose name is too long",
      ["--service", "s".repeat(256), "--address", "10.0.0.1:80"],
      ["--service has more than 255 bytes"],
    ],
  ] as const) {
    it(`are refused with ${what}`, () => assert.deepEqual(read(...args), errors));
  }
});
