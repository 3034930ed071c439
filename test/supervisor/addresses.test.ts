import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { machineAddress } from "../../src/base/machine.ts";
import { type AddressPlan, addressText } from "../../src/config/plan/address.ts";
import { type AddressProbes, addressForPeers, settleAddresses } from "../../src/supervisor/addresses.ts";
import { loopback } from "../support/cluster-plans.ts";
import { bareListener, barePlan } from "../support/plans.ts";

const socket = (port: number): AddressPlan => ({ kind: "socket", host: "127.0.0.1", port, ipv4Compat: false });

/** Every address is free but those of `taken`; port 0 becomes 40000 and up. */
function prober(taken: readonly number[] = []): AddressProbes & { readonly checked: string[] } {
  const checked: string[] = [];
  let next = 40_000;
  return {
    checked,
    checkAddressFree: async (address) => {
      const text = addressText(address);
      checked.push(text);
      if (address.kind === "pipe" || !taken.includes(address.port)) return null;
      return { kind: "io", text: `cannot bind '${text}': Address already in use` };
    },
    findFreePort: async () => next++,
  };
}

describe("settling addresses", () => {
  it("turns port 0 into one real port for all workers", async () => {
    const plan = barePlan([bareListener("a", { additionalAddresses: [socket(0)] })]);
    const settled = await settleAddresses(plan, false, prober());
    const [listener] = settled.listeners;
    assert.deepEqual(listener?.address, socket(40_000));
    assert.deepEqual(listener?.additionalAddresses, [socket(40_001)]);
  });

  it("says in one plain line which listener cannot listen where", async () => {
    const plan = barePlan([bareListener("front", { address: socket(80) })]);
    await assert.rejects(settleAddresses(plan, false, prober([80])), {
      message: "listener 'front': cannot bind '127.0.0.1:80': Address already in use",
    });
  });

  it("settles where endpoints are served, too", async () => {
    const plan = barePlan([bareListener("a")], { eds: { listen: loopback(0), tls: null } });
    assert.deepEqual((await settleAddresses(plan, false, prober())).eds, { listen: loopback(40_001), tls: null });
    const taken = barePlan([], { eds: { listen: loopback(80), tls: null } });
    await assert.rejects(settleAddresses(taken, false, prober([80])), {
      message: "endpoint discovery: cannot bind '127.0.0.1:80': Address already in use",
    });
  });

  it("does not look at addresses that a takeover shares with the process before it", async () => {
    const probes = prober([80]);
    const plan = barePlan([bareListener("a", { address: socket(80) }), bareListener("b", { address: socket(0) })]);
    const settled = await settleAddresses(plan, true, probes);
    assert.deepEqual(probes.checked, []);
    assert.deepEqual(settled.listeners[1]?.address, socket(40_000));
  });

  it("leaves a listener alone that is not bound to a port", async () => {
    const probes = prober([80]);
    await settleAddresses(barePlan([bareListener("a", { address: socket(80), bindToPort: false })]), false, probes);
    assert.deepEqual(probes.checked, []);
  });
});

describe("an address that peers are told", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["127.0.0.1", "127.0.0.1:9901"],
    ["192.0.2.7", "192.0.2.7:9901"],
    ["2001:db8::7", "[2001:db8::7]:9901"],
    ["0.0.0.0", `${machineAddress()}:9901`],
    ["::", `${machineAddress()}:9901`],
  ];
  for (const [host, told] of cases) {
    it(`is ${told} for ${host}`, () => {
      assert.equal(addressForPeers({ kind: "socket", host, port: 9901, ipv4Compat: false }), told);
    });
  }

  it("is none for a pipe", () => assert.equal(addressForPeers({ kind: "pipe", path: "/run/admin", mode: 0 }), ""));
});
