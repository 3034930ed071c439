import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "mocha";
import { parseFlags } from "../../../src/supervisor/command-line/parse-flags.ts";
import type { Terminal } from "../../../src/supervisor/command-line/terminal.ts";
import { TOP_FLAGS, top } from "../../../src/supervisor/command-line/top.ts";
import type { RunningNode } from "../../../src/supervisor/node.ts";
import { eventually, startTestNode } from "../../support/nodes.ts";
import { bareListener, barePlan } from "../../support/plans.ts";
import { runProgram } from "../../support/program.ts";

/** A terminal of few rows that remembers what was written. */
class FakeTerminal implements Terminal {
  readonly isTty = true;
  written = "";
  isWaiting = false;
  quit: () => void = () => {};

  size() {
    return { columns: 40, rows: 4 };
  }

  write(text: string): void {
    this.written += text;
  }

  onQuit(quit: () => void): () => void {
    this.quit = quit;
    this.isWaiting = true;
    return () => {
      this.isWaiting = false;
    };
  }
}

let node: RunningNode;
let admin = "";

describe("starling top", () => {
  before(async () => {
    const address = { kind: "socket", host: "127.0.0.1", port: 0, ipv4Compat: false } as const;
    node = await startTestNode(barePlan([bareListener("a")], { admin: { address, accessLogs: [] } }));
    const real = node.admin?.address;
    admin = real?.kind === "socket" ? `127.0.0.1:${real.port}` : "";
  });

  after(() => node.stop());

  it("prints one picture where nothing can be drawn, and ends with 0", async () => {
    const { code, out, err } = await runProgram("top", "--admin", admin);
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /^up \S+; requests 0 so far, of them 5xx 0 so far; 0 under way on 0 connections\n/);
    assert.match(out, /\nthe node is in no mesh\n$/);
  });

  it("draws anew in a terminal until the user has had enough, and leaves it as it was", async () => {
    const terminal = new FakeTerminal();
    const ended = top(parseFlags(TOP_FLAGS, ["--admin", admin]), terminal);
    const pictures = (): string[] => terminal.written.split("\u001b[H").slice(1);
    await eventually(() => pictures().length >= 2);
    assert.ok(terminal.isWaiting);
    terminal.quit();
    assert.equal(await ended, 0);
    assert.equal(terminal.isWaiting, false);
    assert.ok(terminal.written.startsWith("\u001b[?1049h\u001b[?25l"));
    assert.ok(terminal.written.endsWith("\u001b[?25h\u001b[?1049l"));
    const [first = "", second = ""] = pictures().map((picture) => picture.replaceAll("\u001b[K", ""));
    assert.deepEqual(first.replace("\u001b[J", "").split("\r\n"), [
      `starling top: ${admin} (q ends it)`.slice(0, 40),
      first.split("\r\n")[1],
      "… 3 lines more",
    ]);
    assert.match(second, /; requests 0\.0\/s, /);
  });

  it("says what is wrong with the command line, and when nobody answers", async () => {
    const rows: readonly (readonly [args: readonly string[], says: RegExp])[] = [
      [["--admin", "9901"], /^starling: --admin: '9901' is not HOST:PORT\n$/],
      [["now"], /^starling: top takes no argument: 'now'\n$/],
      [["--admin", "127.0.0.1:1"], /^starling: no answer from 127\.0\.0\.1:1: Connection refused\n$/],
    ];
    for (const [args, says] of rows) {
      const { code, err } = await runProgram("top", ...args);
      assert.equal(code, 1);
      assert.match(err, says);
    }
  });

  it("says that another server is no admin address", async () => {
    const server = createServer((_, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const name = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { code, err } = await runProgram("top", "--admin", name);
    server.close();
    assert.deepEqual([code, err], [1, `starling: ${name} is no admin address of Starling\n`]);
  });
});
