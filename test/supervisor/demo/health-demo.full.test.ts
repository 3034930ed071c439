// Every line that the health demos print, typed as it stands.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { afterEach, describe, it } from "mocha";
import { eventually } from "../../support/nodes.ts";
import { Program } from "../../support/program.ts";

/** What the guide says takes 7 s, on a machine that is late. */
const VERDICT_MS_MAX = 30_000;

let demo: Program;
let guide: string;

describe("the health demos", function () {
  this.timeout(60_000);

  afterEach(async () => {
    if (demo.child.exitCode === null) await demo.end();
  });

  it("--health: livez=FAIL takes blue out, livez=OK brings it back", async () => {
    await start("--health");
    assert.match(await typed("/listeners"), /^listener_0::127\.0\.0\.1:\d+\n$/);
    assert.match(await typed("grep health_check"), /health_check\.attempt: [1-9]/);
    await eventually(
      async () => (await typed("/clusters")).match(/health_flags::healthy/g)?.length === 2,
      VERDICT_MS_MAX,
    );
    await eventually(async () => (await namesOfLoop(2)).size === 2);
    assert.equal(await typed("# OK"), "OK");
    assert.equal(await typed("livez=FAIL"), "");
    await eventually(
      async () => (await typed("/clusters")).includes("health_flags::/failed_active_hc\n"),
      VERDICT_MS_MAX,
    );
    assert.deepEqual(await namesOfLoop(2), new Set(["yellow"]));
    assert.equal(await typed("livez=OK"), "");
    await eventually(
      async () => (await typed("/clusters")).match(/health_flags::healthy/g)?.length === 2,
      VERDICT_MS_MAX,
    );
    assert.deepEqual(await namesOfLoop(2), new Set(["yellow", "blue"]));
    assert.equal((await demo.end("SIGINT")).code, 0);
  });

  it("--health-tcp: a stopped side-car is taken out, one started again comes back", async () => {
    await start("--health-tcp");
    assert.deepEqual(await namesOfLoop(2), new Set(["yellow", "blue"]));
    await typed("  kill ");
    await demo.says(/demo: the side-car of blue ended by itself \(exit code 0\)/);
    await eventually(
      async () => (await typed("grep health_check")).includes("health_check.healthy: 1"),
      VERDICT_MS_MAX,
    );
    assert.deepEqual(await namesOfLoop(2), new Set(["yellow"]));
    const again = spawn("sh", ["-c", `exec ${lineWith("starts it again").trim()}`], { stdio: "ignore" });
    try {
      await eventually(
        async () => (await typed("grep health_check")).includes("health_check.healthy: 2"),
        VERDICT_MS_MAX,
      );
      assert.deepEqual(await namesOfLoop(2), new Set(["yellow", "blue"]));
    } finally {
      again.kill();
    }
    assert.equal((await demo.end("SIGTERM")).code, 0);
  });
});

async function start(flag: string): Promise<void> {
  demo = new Program("demo", flag);
  guide = (await demo.says(/[\s\S]*Ctrl-C ends it/))[0];
}

/** The guide's line with these words. */
function lineWith(words: string): string {
  const found = guide.split("\n").filter((line) => line.startsWith("  ") && line.includes(words));
  assert.equal(found.length, 1, `${words} in ${guide}`);
  return found[0] ?? "";
}

/** Types the line with these words; what it prints. */
async function typed(words: string): Promise<string> {
  const { stdout } = await promisify(execFile)("sh", ["-c", lineWith(words)]);
  return stdout;
}

/** Types the endless loop and ends it after that many answers; who gave them. */
async function namesOfLoop(answers: number): Promise<Set<string>> {
  const shell = spawn("sh", ["-c", lineWith("while true")], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  shell.stdout.setEncoding("utf8").on("data", (more: string) => {
    text += more;
  });
  try {
    await eventually(() => text.split("\n").length > answers);
  } finally {
    process.kill(-(shell.pid ?? 0), "SIGKILL");
  }
  const whole = text.slice(0, text.lastIndexOf("\n"));
  return new Set([...whole.matchAll(/ServerName: (\w+)/g)].map(([, name = ""]) => name));
}
