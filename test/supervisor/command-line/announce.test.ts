// `starling announce` as a user runs it, on an embedded broker of the test; who takes what it announces is another test's.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { systemClock } from "../../../src/base/clock.ts";
import { DrivenWheel } from "../../../src/base/driven-wheel.ts";
import { systemRandom } from "../../../src/base/random.ts";
import { EmbeddedBus } from "../../../src/control/mesh/bus/embedded-bus.ts";
import { decodeAnnouncement } from "../../../src/control/mesh/wire/announcement.ts";
import { decode } from "../../../src/control/mesh/wire/decode.ts";
import { freePort } from "../../support/live-proxy.ts";
import { eventually } from "../../support/nodes.ts";
import { Program, runProgram } from "../../support/program.ts";

const WHAT = ["announce", "--service", "shop", "--address", "[::1]:80"];

let port: number;
let bus: EmbeddedBus;
let wheel: DrivenWheel;
let heard: string[];

describe("starling announce", () => {
  beforeEach(async () => {
    port = await freePort();
    wheel = new DrivenWheel(systemClock);
    bus = new EmbeddedBus({ wheel, random: systemRandom(), onEvent: () => {} }, { port, name: "test" });
    heard = [];
    bus.subscribe("mesh.blue.endpoints.shop.*", ({ payload }) => {
      const { service, endpoints } = decodeAnnouncement(payload) ?? { service: "", endpoints: [] };
      heard.push(`${service} ${endpoints.map(({ host, port: at, weight }) => `${host} ${at} ${weight}`).join()}`);
    });
    bus.subscribe("mesh.blue.beat.*", ({ payload }) => {
      const decoded = decode(payload);
      heard.push(decoded.kind === "message" ? decoded.message.type : decoded.detail);
    });
    await eventually(() => bus.isConnected);
  });

  afterEach(async () => {
    await bus.close();
    wheel.stop();
  });

  it("beats and announces until a signal comes, withdraws, and ends well", async () => {
    const program = new Program(...WHAT, "--weight", "7", "--mesh", `embedded:${port}`, "--mesh-name", "blue");
    const says = `announces \\[::1\\]:80 for shop in the mesh 'blue' as shop~[0-9a-z]{4}, by 127\\.0\\.0\\.1:${port}\n`;
    await program.says(new RegExp(says));
    await eventually(() => heard.includes("shop ::1 80 7") && heard.filter((what) => what === "beat").length > 1);
    const { code, err } = await program.end("SIGTERM");
    assert.equal(code, 0);
    assert.match(err, /withdraws \[::1\]:80\n$/);
    await eventually(() => heard.includes("left"));
    assert.deepEqual(heard.slice(-2), ["shop ", "left"]);
  });

  it("says that its broker does not answer, waits for it, and ends on Ctrl-C", async () => {
    const program = new Program(...WHAT, "--mesh", `nats://127.0.0.1:${await freePort()}`);
    await program.says(/announces nothing for now, the mesh's broker does not answer: connection refused\n/);
    assert.equal((await program.end("SIGINT")).code, 0);
  });

  it("says everything that is missing, and ends", async () => {
    const { code, err } = await runProgram("announce");
    assert.equal(code, 1);
    const missing = [
      "--service is missing: the service_name of the clusters that are to use it",
      "--address is missing: the IP:PORT where the service listens",
      "try 'starling announce --help'",
    ];
    assert.equal(err, missing.map((line) => `starling: ${line}\n`).join(""));
  });

  it("does not announce a loopback address to other machines", async () => {
    const folder = mkdtempSync(join(tmpdir(), "announce-"));
    const nkey = join(folder, "user.nk");
    writeFileSync(nkey, `SU${"A".repeat(56)}`);
    const { code, err } = await runProgram(...WHAT, "--mesh", "tls://192.0.2.1", "--mesh-nkey", nkey);
    rmSync(folder, { recursive: true });
    assert.equal(code, 1);
    assert.match(
      err,
      /--address: nodes on other machines would dial themselves: announce an address that they can reach\n/,
    );
  });

  it("does not go to a broker off this machine in cleartext and without a name", async () => {
    const { code, err } = await runProgram(...WHAT, "--mesh", "nats://192.0.2.1");
    assert.equal(code, 1);
    assert.match(err, /^starling: --mesh: nats:\/\/192\.0\.2\.1 is not on this machine .*: write tls:\/\/192\.0\.2\.1/);
  });
});
