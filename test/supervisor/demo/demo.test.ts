import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { fileURLToPath } from "node:url";
import { afterEach, describe, it } from "mocha";
import { eventually } from "../../support/nodes.ts";
import { Program } from "../../support/program.ts";

const LATE_DEMO = new URL("../../support/late-demo.ts", import.meta.url);

let demo: Program | undefined;
let events: Program | null = null;

// A dozen processes start: on a busy machine that takes its time.
describe("starling demo", function () {
  this.timeout(60_000);

  afterEach(async () => {
    if (demo?.child.exitCode === null) await demo.end();
    if (events?.child.exitCode === null) await events.end();
    events = null;
  });

  it("serves what its guide says, and ends everything on Ctrl-C", async () => {
    demo = new Program("demo");
    const [guide] = await demo.says(/[\s\S]*Ctrl-C ends it/);
    const http = /curl -v (http\S+)\/service\/1/.exec(guide)?.[1];
    const names = new Set<string>();
    for (let i = 0; i < 12; i++) names.add(hostnameIn(await text(`${http}/service/1`)));
    assert.deepEqual([...names].sort(), ["service1-a", "service1-b", "service1-c"]);
    assert.equal(hostnameIn(await text(`${http}/service/2`)), "service2-a");
    const https = /curl -kv (https\S+)/.exec(guide)?.[1] ?? "";
    assert.match(hostnameIn(await insecure(https)), /^service1-/);
    for (const page of guide.matchAll(/curl '?(http:\S+?)'?\n/g)) assert.notEqual(await text(page[1] ?? ""), "");
    const children = childrenOf(demo.child.pid ?? 0);
    assert.equal(children.length, 11, "four services, six proxies, a node that checks");
    assert.equal((await demo.end("SIGINT")).code, 0);
    assert.deepEqual(children.filter(isAlive), []);
  });

  for (const [when, words] of [
    ["at once", /^Starting .* …$/m],
    ["when the first proxy is ready", /^1 of 7 proxies: the .* is ready$/m],
  ] as const) {
    it(`ends everything on Ctrl-C while it starts: ${when}`, async () => {
      demo = new Program("demo");
      await demo.says(words);
      const children = childrenOf(demo.child.pid ?? 0);
      const { code, out } = await demo.end("SIGINT");
      assert.equal(code, 0);
      assert.match(out, /Everything ended; nothing is left running\.\n$/);
      assert.deepEqual(children.filter(isAlive), []);
    });
  }

  it("takes an endpoint that the reader breaks out of both front proxies, as its events say, and back", async () => {
    demo = new Program("demo");
    const [guide] = await demo.says(/[\s\S]*Ctrl-C ends it/);
    const broken = /curl -d fail (http\S+)/.exec(guide)?.[1] ?? "";
    const second = /curl -s (http\S+clusters) \| grep/.exec(guide)?.[1] ?? "";
    const first = /curl (http\S+clusters)\n/.exec(guide)?.[1] ?? "";
    const isOut = async (page: string): Promise<boolean> =>
      /service1::127\.0\.0\.1:\d+::health_flags::\/failed_active_hc/.test(await text(page));
    assert.deepEqual([await isOut(first), await isOut(second)], [false, false]);
    events = new Program(...(/starling\.mjs (events .*)/.exec(guide)?.[1] ?? "").split(" "));
    await events.says(/connected/);
    await fetch(broken, { method: "POST", body: "fail" });
    await eventually(async () => (await isOut(first)) && (await isOut(second)));
    await events.says(/service1 127\.0\.0\.1:\d+: healthy -> unhealthy/);
    await fetch(broken, { method: "POST", body: "ok" });
    await eventually(async () => !((await isOut(first)) || (await isOut(second))));
    const checker = /curl (http\S+ready) +# the node that only checks/.exec(guide)?.[1] ?? "";
    assert.equal(await text(checker), "LIVE\nthe roles of this node are health: it serves no listeners\n");
    assert.equal((await demo.end("SIGINT")).code, 0);
  });

  it("starts twice at once on ports of their own", async () => {
    const demos = [new Program("demo", "--health"), new Program("demo", "--health")];
    try {
      const guides = await Promise.all(demos.map((one) => one.says(/[\s\S]*Ctrl-C ends it/)));
      const [first = [], second = []] = guides.map(([guide]) =>
        Array.from(guide.matchAll(/127\.0\.0\.1:(\d+)/g), ([, port]) => port),
      );
      assert.ok(first.length > 1);
      assert.deepEqual(
        first.filter((port) => second.includes(port)),
        [],
      );
    } finally {
      for (const one of demos) assert.equal((await one.end("SIGINT")).code, 0);
    }
  });

  it("tells its guide when the services listen, however late they are", async () => {
    const child = spawn(process.execPath, [fileURLToPath(LATE_DEMO)], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "exit");
    let said = "";
    for await (const text of child.stdout.setEncoding("utf8") as AsyncIterable<string>) {
      // Once: a second one, while it says that everything ended, would end it by the signal.
      const isTold = said.includes("Ctrl-C ends it.");
      said += text;
      if (!isTold && said.includes("Ctrl-C ends it.")) child.kill("SIGINT");
    }
    assert.deepEqual(await ended, [0, null]);
    const [, readyS] = /^Ready after (\S+) s$/m.exec(said) ?? [];
    assert.ok(Number(readyS) >= 0.5, said);
  });

  it("says when a child dies, and goes on", async () => {
    demo = new Program("demo");
    const [guide] = await demo.says(/[\s\S]*Ctrl-C ends it/);
    const [service] = childrenOf(demo.child.pid ?? 0);
    process.kill(service ?? 0, "SIGKILL");
    await demo.says(/demo: the service 1 \(first instance\) ended by itself \(signal SIGKILL\)/);
    const http = /curl -v (http\S+)\/service\/2/.exec(guide)?.[1];
    assert.equal(hostnameIn(await text(`${http}/service/2`)), "service2-a");
    assert.equal((await demo.end("SIGTERM")).code, 0);
  });
});

async function text(url: string): Promise<string> {
  return (await fetch(url)).text();
}

/** As curl -k. */
function insecure(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { rejectUnauthorized: false, agent: false }, (response) => {
      let body = "";
      response.on("data", (bytes: Buffer) => {
        body += bytes.toString();
      });
      response.on("end", () => resolve(body));
    });
    asked.on("error", reject);
    asked.end();
  });
}

function hostnameIn(body: string): string {
  return /hostname: (\S+)/.exec(body)?.[1] ?? body;
}

/** Processes that this one started, oldest first. */
function childrenOf(pid: number): number[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return list.split(" ").filter(Boolean).map(Number);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
