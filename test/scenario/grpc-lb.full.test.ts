// The gRPC document followed on Starling: one channel and twelve calls, through a proxy that sees connections and one that sees calls, and
// every line of what the client saw of real Envoy (test/golden/grpc-lb).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "mocha";
import { configUrl } from "../../src/base/location.ts";
import { Greeter, greet } from "../support/greeters.ts";
import { goldenText, LiveProxy, PortMap } from "../support/live-proxy.ts";

const PODS = ["5m7dl", "xprjz", "nz8h5"];
const SERVERS = [21351, 21352, 21353];
const PORT = 21350;
const ADMIN = 21399;
const golden = goldenText("grpc-lb/results.txt");

/** What stands below a heading or command of the golden file. */
function shown(heading: string): string[] {
  const at = golden.indexOf(heading);
  assert.notEqual(at, -1, heading);
  const lines = golden.slice(at).split("\n").slice(1);
  const from = lines.filter((line, i) => i > 0 || !line.startsWith("$ ")).join("\n");
  return (from.split("\n\n")[0] ?? "").split("\n");
}

/** The line with what differs from run to run masked. */
function masked(line: string): string {
  return line
    .replace(/"date":"[^"]*"/, '"date":"<date>"')
    .replace(/"x-envoy-upstream-service-time":"\d+"/, '"x-envoy-upstream-service-time":"<ms>"')
    .replace(/hostname:\S+,/, "hostname:<one>,");
}

function counts(lines: readonly string[]): number[] {
  const byLine = new Map<string, number>();
  for (const line of lines) byLine.set(line, (byLine.get(line) ?? 0) + 1);
  return [...byLine.values()].sort();
}

describe("the gRPC document", function () {
  this.timeout(60_000);
  const ports = new PortMap();
  const greeters: Greeter[] = [];
  let proxy: LiveProxy;

  before(async () => {
    await ports.take(PORT, ADMIN, ...SERVERS);
    for (const [i, pod] of PODS.entries()) {
      greeters.push(await Greeter.start(`native-tools-2-5fbf46cf54-${pod}`, ports.get(SERVERS[i] as number)));
    }
  });

  after(async () => {
    for (const greeter of greeters) await greeter.stop();
  });

  for (const [file, heading, split] of [
    ["l4-like-service.yaml", "## L4 (tcp_proxy)", [12]],
    ["client-sidecar.yaml", "## HTTP/2 aware", [4, 4, 4]],
  ] as const) {
    it(`splits twelve calls of one channel ${split.join("/")} with ${file}`, async () => {
      await through(file, async () => {
        const lines = await greet(ports.get(PORT), "--calls=12");
        assert.deepEqual(counts(lines), split);
        assert.deepEqual(counts(shown(heading)), split);
        assert.deepEqual(lines.map(masked), shown(heading).map(masked));
        assert.deepEqual([...new Set(lines)].length, new Set(lines.slice(0, split.length)).size, "in turn");
      });
    });
  }

  it("shows a client what Envoy shows it: metadata, trailers and errors", async () => {
    await through("client-sidecar.yaml", async () => {
      for (const [calls, name] of [
        ["2", "world"],
        ["1", "err5"],
        ["1", "err14"],
      ] as const) {
        const lines = await greet(ports.get(PORT), `--calls=${calls}`, `--name=${name}`, "--verbose");
        const command = `$ node backend/grpcclient.js 127.0.0.1:21350 ${calls}${name === "world" ? "\n" : ` ${name}`}`;
        assert.deepEqual(lines.map(masked), shown(command).map(masked), name);
      }
    });
  });

  async function through(file: string, play: () => Promise<void>): Promise<void> {
    const yaml = ports.apply(readFileSync(configUrl(`grpc/${file}`), "utf8"));
    proxy = await LiveProxy.start("starling", yaml, ports.get(ADMIN));
    try {
      await play();
    } finally {
      assert.equal(await proxy.stop(), 0);
    }
  }
});
