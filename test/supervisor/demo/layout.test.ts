import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { configUrl } from "../../../src/base/location.ts";
import { loadPlan } from "../../../src/config/compile/load-plan.ts";
import { choosePorts } from "../../../src/supervisor/demo/choose-ports.ts";
import { FRONT_PROXY_DEMO } from "../../../src/supervisor/demo/front-proxy-demo.ts";
import { grpcDemo } from "../../../src/supervisor/demo/grpc-demo.ts";
import { healthDemo } from "../../../src/supervisor/demo/health-demo.ts";
import { fileText, portsOf } from "../../../src/supervisor/demo/layout.ts";
import { LOAD_DEMO } from "../../../src/supervisor/demo/load-demo.ts";

const file = (name: string) => readFileSync(configUrl(name), "utf8");
const portsIn = (yaml: string) => [...yaml.matchAll(/port_value: (\d+)/g)].map((match) => Number(match[1]));

const DEMOS = {
  demo: FRONT_PROXY_DEMO,
  "demo --grpc": grpcDemo(),
  "demo --health": healthDemo({ checks: "http", timing: "quick" }),
  "demo --health-tcp": healthDemo({ checks: "tcp", timing: "quick" }),
  "demo --load": LOAD_DEMO,
} as const;

for (const [name, layout] of Object.entries(DEMOS)) {
  describe(`the files of ${name}`, () => {
    for (const proxy of layout.proxies) {
      it(`name no port that the ${proxy.title} does not place`, () => {
        const known = new Set(Object.keys(proxy.ports).map(Number));
        assert.deepEqual(
          portsIn(file(proxy.file)).filter((port) => !known.has(port)),
          [],
        );
      });

      it(`stay a valid configuration with the ports and edits of the ${proxy.title}`, () => {
        const { errors, warnings } = loadPlan({ text: fileText(file(proxy.file), proxy, new Map()), file: proxy.file });
        assert.deepEqual([...errors, ...warnings], []);
      });
    }

    it("give every listener of the demo a port of its own", () => {
      const addresses = layout.proxies.flatMap((proxy) => {
        const { plan } = loadPlan({ text: fileText(file(proxy.file), proxy, new Map()), file: proxy.file });
        return [plan?.admin?.address, ...(plan?.listeners ?? []).map(({ address }) => address)];
      });
      const listening = addresses.map((address) => (address?.kind === "socket" ? address.port : 0));
      assert.ok(listening.length > layout.proxies.length && !listening.includes(0));
      assert.equal(new Set(listening).size, listening.length);
    });

    it("use another port where one is taken, in every file that names it", () => {
      for (const taken of portsOf(layout)) {
        const real = new Map([[taken, 40_000]]);
        for (const proxy of layout.proxies) {
          assert.ok(!portsIn(fileText(file(proxy.file), proxy, real)).includes(taken), `${proxy.title}: ${taken}`);
        }
      }
    });
  });
}

describe("the checks of the health demo", () => {
  for (const [timing, intervals] of [
    ["quick", { timeoutMs: 1_000, intervalMs: 1_000, noTrafficIntervalMs: 1_000 }],
    ["document", { timeoutMs: 5_000, intervalMs: 10_000, noTrafficIntervalMs: 60_000 }],
  ] as const) {
    for (const checks of ["http", "tcp"] as const) {
      it(`have ${timing} timing over ${checks}`, () => {
        const front = healthDemo({ checks, timing }).proxies.find(({ title }) => title === "front proxy");
        assert.ok(front !== undefined);
        const { plan } = loadPlan({ text: fileText(file(front.file), front, new Map()), file: front.file });
        const check = plan?.clusters[0]?.healthChecks[0];
        assert.ok(check !== undefined);
        const { timeoutMs, intervalMs, noTrafficIntervalMs } = check;
        assert.equal(check.checker.kind, checks);
        assert.deepEqual({ timeoutMs, intervalMs, noTrafficIntervalMs }, intervals);
      });
    }
  }
});

describe("choosing ports", () => {
  it("keeps the documented ones that are free and replaces the others by ones that nobody wants", async () => {
    let next = 8443;
    const chosen = await choosePorts([8080, 8443], {
      checkAddressFree: async (address) =>
        address.kind === "socket" && address.port === 8080 ? { kind: "io", text: "taken" } : null,
      findFreePort: async () => next++,
    });
    assert.deepEqual(
      [...chosen],
      [
        [8080, 8444],
        [8443, 8443],
      ],
    );
  });

  it("covers every port of a demo once", () => {
    for (const layout of Object.values(DEMOS)) {
      const ports = portsOf(layout);
      assert.equal(new Set(ports).size, ports.length);
    }
  });
});
