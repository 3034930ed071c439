// gRPC's Python client, which is its C core, through the running proxy. `python-grpcio` is a Python that has the package grpcio.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { after, before, describe, it } from "mocha";
import { EchoServer } from "../../support/grpc-echo.ts";
import { installed, runs } from "../../support/installed.ts";
import { eventually } from "../../support/nodes.ts";
import { Stage } from "../../support/stage.ts";

const EXPECTED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  unary: { reply: "hello", head: [1, 0, 254], tail: [0, 255, 10] },
  failing: { code: 9, details: "not now: ünfit 100%" },
  denied: { code: 7, details: "not for you" },
  large: { same: true },
  client_stream: { same: true },
  server_stream: { messages: 200, bytes: 6_000_000 },
  conversation: { words: ["one", "two", "three"] },
  cancelled: { first: "begun", code: 1 },
  deadline: { code: 4 },
};

describe("gRPC's Python client through the running proxy", function () {
  this.timeout(60_000);
  const seen = new Map<string, unknown>();
  let server: EchoServer | null = null;
  let stage: Stage | null = null;

  before(async function () {
    if (!installed("python-grpcio", runs("python-grpcio", "-c", "import grpc"))) this.skip();
    const denied = { status: 403, body: { inline_string: "not for you" } };
    const routes = [
      { match: { prefix: "/test.Echo/None" }, direct_response: denied },
      { match: { prefix: "/" }, route: { cluster: "echo", timeout: "0s" } },
    ];
    const manager = { route_config: { virtual_hosts: [{ name: "v", domains: ["*"], routes }] } };
    server = await EchoServer.start();
    stage = await Stage.start({ upstreamPort: server.port, upstream: "http2", manager });
    const script = join(import.meta.dirname, "client.py");
    const { stdout } = await promisify(execFile)("python-grpcio", [script, String(stage.port)], { timeout: 30_000 });
    for (const line of stdout.trim().split("\n")) {
      const { case: name, ...rest } = JSON.parse(line) as { readonly case: string };
      seen.set(name, rest);
    }
  });

  after(async () => {
    await stage?.untilIdle();
    await stage?.stop();
    server?.stop();
  });

  for (const [name, expected] of Object.entries(EXPECTED)) {
    it(`sees what the server says: ${name.replace("_", " ")}`, () => assert.deepEqual(seen.get(name), expected));
  }

  it("has its cancelled calls cancelled at the server", async () => {
    // grpc-js says it of the finished conversation too.
    const hung = (): number => server?.cancelled.filter((one) => one === "Hang").length ?? 0;
    await eventually(() => hung() === 2);
  });
});
