// gRPC's own interoperability cases, Go client and server, through the running proxy over HTTP/2 on both sides.
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { after, before, describe, it } from "mocha";
import { installed, runs } from "../../support/installed.ts";
import { freePort, LiveProxy } from "../../support/live-proxy.ts";
import { eventually } from "../../support/nodes.ts";
import { proxyFile } from "../../support/proxy-file.ts";
import { RawClient } from "../../support/raw-client.ts";

const CASES = [
  "empty_unary",
  "large_unary",
  "client_streaming",
  "server_streaming",
  "ping_pong",
  "empty_stream",
  "timeout_on_sleeping_server",
  "cancel_after_begin",
  "cancel_after_first_response",
  "status_code_and_message",
  "special_status_message",
  "custom_metadata",
  "unimplemented_method",
  "unimplemented_service",
] as const;

describe("gRPC interoperability through the running proxy", function () {
  this.timeout(30_000);
  let server: ChildProcess | null = null;
  let proxy: LiveProxy | null = null;
  let port = 0;

  before(async function () {
    const programs = ["grpc-interop-client", "grpc-interop-server"];
    if (!programs.every((name) => installed(name, runs("sh", "-c", `command -v ${name}`)))) this.skip();
    const upstreamPort = await freePort();
    port = await freePort([upstreamPort]);
    const adminPort = await freePort([upstreamPort, port]);
    server = spawn("grpc-interop-server", ["--port", String(upstreamPort)], { stdio: "ignore" });
    await eventually(() => listens(upstreamPort));
    proxy = await LiveProxy.start(
      "starling",
      proxyFile({ port, adminPort, upstreamPort, upstream: "http2" }),
      adminPort,
    );
  });

  after(async () => {
    await proxy?.stop();
    server?.kill();
  });

  for (const name of CASES) {
    it(name, async () => {
      const args = ["--server_host", "127.0.0.1", "--server_port", String(port), "--test_case", name];
      const outcome = await promisify(execFile)("grpc-interop-client", args, { timeout: 20_000 }).catch(
        (error: Error) => error,
      );
      assert.ok(!(outcome instanceof Error), String(outcome));
    });
  }
});

/** Whether somebody accepts on a port. */
async function listens(port: number): Promise<boolean> {
  const client = await RawClient.open(port).catch(() => null);
  client?.end();
  return client !== null;
}
