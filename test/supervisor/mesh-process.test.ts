// Processes that join a mesh as their users start them: a name that is taken, and how they end.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "mocha";
import { systemClock } from "../../src/base/clock.ts";
import { CheckedUpstream } from "../support/checked-upstream.ts";
import { freePort } from "../support/live-proxy.ts";
import { Program } from "../support/program.ts";
import { proxyFile } from "../support/proxy-file.ts";

const CHECK = {
  timeout: "1s",
  interval: "30s",
  no_traffic_interval: "30s",
  unhealthy_threshold: 2,
  healthy_threshold: 2,
  http_health_check: { path: "/livez" },
};

const folder = mkdtempSync(join(tmpdir(), "starling-test-"));
const programs: Program[] = [];
let upstream: CheckedUpstream;
let port: number;

/** A process of this name in the test's mesh, which checks the upstream. */
function start(name: string, ...flags: string[]): Program {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(
    path,
    proxyFile({ port: 0, adminPort: 0, upstreamPort: upstream.port, cluster: { health_checks: [CHECK] } }),
  );
  const mesh = ["--mesh", `embedded:${port}`, "--mesh-node", name];
  const program = new Program("-c", path, "--concurrency", "1", ...mesh, ...flags);
  programs.push(program);
  return program;
}

describe("a process in a mesh", () => {
  before(async () => {
    upstream = await CheckedUpstream.start("blue");
    port = await freePort();
  });

  afterEach(() => Promise.all(programs.splice(0).map((program) => program.end("SIGKILL"))));

  after(async () => {
    await upstream.stop();
    rmSync(folder, { recursive: true });
  });

  it("ends with 1 and what to do when its name is that of another one", async () => {
    await start("one").says(/serving 1 listener/);
    const { code, err } = await start("one", "-l", "off").outcome;
    assert.equal(code, 1);
    assert.equal(err, "starling: another node of the mesh is called one: choose another --mesh-node\n");
  });

  it("takes over with the name of the process before it, which it has when that one has ended", async () => {
    const first = start("one");
    await first.says(/serving 1 listener/);
    const next = start("one", "--takeover");
    await next.says(/another node of the mesh is called one: .*; until the name is free this node checks for itself/);
    await next.says(/serving 1 listener/);
    await first.end("SIGTERM");
    await next.says(/the mesh's node one: joined/);
  });

  it("hands over when it is told to end, and ends at once when it is told so again", async () => {
    await start("one").says(/serving 1 listener/);
    const two = start("two");
    await two.says(/serving 1 listener/);
    two.child.kill("SIGTERM");
    await two.says(/exiting/);
    const beforeMs = systemClock.nowMs();
    const { code } = await two.end("SIGTERM");
    assert.equal(code, 0);
    assert.ok(systemClock.nowMs() - beforeMs < 2_000, "peers take longer to take over");
  });

  it("hands over no longer than it may drain", async () => {
    await start("one").says(/serving 1 listener/);
    const two = start("two", "--drain-time-s", "0");
    await two.says(/serving 1 listener/);
    const beforeMs = systemClock.nowMs();
    assert.equal((await two.end("SIGTERM")).code, 0);
    assert.ok(systemClock.nowMs() - beforeMs < 2_000, "peers take longer to take over");
  });
});
