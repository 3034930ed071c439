// What is open when a proxy ends has its lines in the access logs, beside the real Envoy: a request that waits, and a raw connection.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { socketAddress } from "../support/file-parts.ts";
import { envoyInstalled, freePort, LiveProxy, type Program } from "../support/live-proxy.ts";
import { proxyFile } from "../support/proxy-file.ts";

describe("what is open when a proxy ends, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  const directory = mkdtempSync(join(tmpdir(), "starling-log-ends-"));
  const held = new Set<Socket>();
  let upstream: Server;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    upstream = createServer((socket) => {
      held.add(socket.on("error", () => {}));
      socket.on("data", (bytes) => upstream.emit("heard", bytes));
    });
    await once(upstream.listen(0, "127.0.0.1"), "listening");
  });

  after(() => {
    for (const socket of held) socket.destroy();
    upstream?.close();
    rmSync(directory, { recursive: true });
  });

  it("has its lines: of a request, of a raw connection and of that in its listener's log", async () => {
    const [theirs, ours] = [await linesOf("envoy"), await linesOf("starling")];
    assert.deepEqual(ours, theirs);
    assert.deepEqual(theirs, ["- 0 - - 5", "- 0 - - 5", "HTTP/1.1 0 DC downstream_local_disconnect 0"]);
  });

  async function linesOf(program: Program): Promise<string[]> {
    const [port, adminPort, rawPort] = [await freePort(), await freePort(), await freePort()];
    const path = join(directory, program);
    const access_log = [logTo(path)];
    const { port: upstreamPort } = upstream.address() as AddressInfo;
    const file = JSON.parse(proxyFile({ port, adminPort, upstreamPort, manager: { access_log } }));
    const raw = { "@type": TCP_PROXY, stat_prefix: "raw", cluster: "echo", access_log };
    const filter_chains = [{ filters: [{ name: "tcp", typed_config: raw }] }];
    file.static_resources.listeners.push({ name: "raw", address: socketAddress(rawPort), access_log, filter_chains });
    const proxy = await LiveProxy.start(program, JSON.stringify(file), adminPort);
    try {
      await sends(rawPort, "hello");
      await sends(port, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    } finally {
      await proxy.stop();
    }
    // Of the details Envoy adds, in brackets, what it was about when it ended.
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    return lines.map((line) => line.replace(/\(.*\)/, "")).toSorted();
  }

  /** Sends, and waits until the upstream has some of it. */
  async function sends(port: number, bytes: string): Promise<void> {
    const heard = once(upstream, "heard");
    held.add(
      connect(port, "127.0.0.1", function (this: Socket) {
        this.write(bytes);
      }).on("error", () => {}),
    );
    await heard;
  }
});

function logTo(path: string): Readonly<Record<string, unknown>> {
  const operators = ["PROTOCOL", "RESPONSE_CODE", "RESPONSE_FLAGS", "RESPONSE_CODE_DETAILS", "BYTES_RECEIVED"];
  const inline_string = `${operators.map((one) => `%${one}%`).join(" ")}\n`;
  return {
    name: "file",
    typed_config: { "@type": FILE_LOG, path, log_format: { text_format_source: { inline_string } } },
  };
}

const FILE_LOG = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog";
const TCP_PROXY = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
