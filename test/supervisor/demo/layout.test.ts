import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { configUrl } from "../../../src/base/location.ts";
import { loadConfigText } from "../../../src/config/load/load-config.ts";
import { choosePorts } from "../../../src/supervisor/demo/choose-ports.ts";
import { DEMO_PORTS, DEMO_PROXIES, withPorts } from "../../../src/supervisor/demo/layout.ts";

const file = (name: string) => readFileSync(configUrl(`demo/${name}`), "utf8");
const portsIn = (yaml: string) => [...yaml.matchAll(/port_value: (\d+)/g)].map((match) => Number(match[1]));

describe("the demo's files", () => {
  for (const proxy of DEMO_PROXIES) {
    it(`name no port that the ${proxy.title} does not place`, () => {
      const known = new Set(Object.keys(proxy.ports).map(Number));
      assert.deepEqual(
        portsIn(file(proxy.file)).filter((port) => !known.has(port)),
        [],
      );
    });

    it(`stay a valid configuration with the ports of the ${proxy.title}`, () => {
      const yaml = withPorts(file(proxy.file), proxy, new Map());
      assert.deepEqual(loadConfigText(yaml, { file: proxy.file }).errors, []);
    });
  }

  it("give every listener of the demo a port of its own", () => {
    const listening = DEMO_PROXIES.filter(({ file: name }) => name !== "front-proxy.yaml").flatMap(({ ports }) =>
      Object.values(ports),
    );
    assert.equal(new Set(listening).size, listening.length);
  });

  it("use another port where one is taken, in every file that names it", () => {
    const real = new Map([[8011, 40_000]]);
    for (const proxy of DEMO_PROXIES) {
      const ports = portsIn(withPorts(file(proxy.file), proxy, real));
      assert.ok(!ports.includes(8011), proxy.title);
    }
  });
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

  it("covers every port of the demo once", () => assert.equal(new Set(DEMO_PORTS).size, DEMO_PORTS.length));
});
