import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, describe, it } from "mocha";
import { PROJECT } from "../../support/source-files.ts";

const PROGRAM = join(PROJECT, "compose/apps/demoapp.ts");
const YELLOW = { PORT: "0", HOST: "127.0.0.1", SERVERNAME: "yellow", SERVERIP: "172.29.1.4" };
const AWAKE = { ...YELLOW, LIVEZ_SLEEP_MS: "0", READYZ_SLEEP_MS: "0" };

let app: ChildProcessWithoutNullStreams;

describe("the demo app", () => {
  afterEach(() => app.kill("SIGKILL"));

  for (const [path, expected] of [
    ["/", "demoapp v1.0 !! ClientIP: 127.0.0.1, ServerName: yellow, ServerIP: 172.29.1.4!\n"],
    ["/hostname", "ServerName: yellow\n"],
    ["/livez", "OK"],
    ["/readyz", "OK"],
    ["/livez?verbose", "OK"],
    ["/configs", "DEPLOYENV: None\nRELEASE: 1.0\n"],
    ["/user-agent", "User-Agent: Envoy/HC\n"],
  ] as const) {
    it(`answers ${path} byte for byte as the document's`, async () => {
      const url = await start({ ...AWAKE, RELEASE: "1.0" });
      const response = await fetch(url + path, { headers: { "user-agent": "Envoy/HC" } });
      assert.equal(await response.text(), expected);
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
      assert.equal(response.headers.get("content-length"), String(expected.length));
    });
  }

  for (const [page, status] of [
    ["livez", 506],
    ["readyz", 507],
  ] as const) {
    it(`says ${status} on /${page} for every state but OK, and shows the state`, async () => {
      const url = await start(AWAKE);
      const seen: [number, string][] = [];
      for (const state of ["FAIL", "a b", "", "OK"]) {
        const posted = await post(`${url}/${page}`, new URLSearchParams({ [page]: state }));
        assert.deepEqual(posted, [200, ""]);
        seen.push(await get(`${url}/${page}`));
      }
      assert.deepEqual(seen, [
        [status, "FAIL"],
        [status, "a b"],
        [status, ""],
        [200, "OK"],
      ]);
    });
  }

  it("keeps the two states apart", async () => {
    const url = await start(AWAKE);
    await post(`${url}/livez`, new URLSearchParams({ livez: "FAIL" }));
    assert.deepEqual(await get(`${url}/readyz`), [200, "OK"]);
  });

  it("makes every GET sleep until one has been answered, also one whose client left", async () => {
    const url = await start({ ...YELLOW, LIVEZ_SLEEP_MS: "1000", READYZ_SLEEP_MS: "0" });
    const startedMs = performance.now();
    const impatient = fetch(`${url}/livez`, { signal: AbortSignal.timeout(100) });
    await assert.rejects(impatient, { name: "TimeoutError" });
    assert.deepEqual(await get(`${url}/livez`), [200, "OK"]);
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs >= 1_100, `the second slept by itself: ${tookMs} ms`);
    const againMs = performance.now();
    await get(`${url}/livez`);
    assert.ok(performance.now() - againMs < 1_000);
  });

  it("refuses what the document's refuses: other paths, methods and forms", async () => {
    const url = await start(AWAKE);
    assert.equal((await get(`${url}/nothing`))[0], 404);
    assert.equal((await post(`${url}/`, new URLSearchParams()))[0], 405);
    assert.equal((await fetch(`${url}/livez`, { method: "PUT" })).headers.get("allow"), "GET, HEAD, POST");
    assert.equal((await post(`${url}/livez`, new URLSearchParams({ readyz: "FAIL" })))[0], 400);
    assert.equal((await post(`${url}/livez`, "livez=FAIL"))[0], 400, "text/plain is no form");
    assert.equal((await post(`${url}/livez`, new URLSearchParams({ livez: "x".repeat(1e6) })))[0], 413);
    assert.deepEqual(await get(`${url}/livez`), [200, "OK"]);
  });

  it("takes flags over the environment and says each answer with --verbose", async () => {
    const url = await start({ ...AWAKE, SERVERNAME: "green" }, "--server-name", "red", "-v");
    assert.equal((await get(`${url}/hostname`))[1], "ServerName: red\n");
    assert.match(await says(/GET \/hostname 200\n/), /red listens on/);
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`ends with 0 on ${signal}, also while a request sleeps`, async () => {
      const url = await start(YELLOW);
      const sleeping = fetch(`${url}/livez`).catch(() => "cut");
      await get(`${url}/`);
      app.kill(signal);
      assert.equal(await ended(), 0);
      assert.equal(await sleeping, "cut");
    });
  }

  for (const [args, says] of [
    [["--port", "x"], "port 'x' is not a number up to 65535; try --help"],
    [["--prot", "1"], "Unknown option '--prot'"],
    [["--host", "192.0.2.1", "--server-ip", "1.2.3.4"], "listen EADDRNOTAVAIL"],
  ] as const) {
    it(`ends with 2 and a plain line for ${args.join(" ")}`, async () => {
      app = spawn(process.execPath, [PROGRAM, ...args], { env: { ...process.env, PORT: "0" } });
      const [code, err] = await Promise.all([ended(), text(app.stderr)]);
      assert.deepEqual([code, err.slice(0, says.length + 9)], [2, `demoapp: ${says}`]);
    });
  }

  it("explains itself with --help", async () => {
    app = spawn(process.execPath, [PROGRAM, "--help"]);
    assert.match(await text(app.stdout), /--livez-sleep-ms N .*\(5000\)/);
  });
});

let out = "";

/** Starts the program; the address that it serves at. */
async function start(env: Readonly<Record<string, string>>, ...args: string[]): Promise<string> {
  out = "";
  app = spawn(process.execPath, [PROGRAM, ...args], { env: { PATH: process.env["PATH"], ...env } });
  app.stdout.setEncoding("utf8").on("data", (more: string) => {
    out += more;
  });
  const line = await says(/listens on (\S+)\n/);
  return `http://${/listens on (\S+)\n/.exec(line)?.[1]}`;
}

/** What it has printed, as soon as that matches. */
async function says(pattern: RegExp): Promise<string> {
  while (!pattern.test(out)) await new Promise((resolve) => app.stdout.once("data", resolve));
  return out;
}

function ended(): Promise<number | null> {
  return new Promise((resolve) => app.once("exit", resolve));
}

async function get(url: string): Promise<[number, string]> {
  const response = await fetch(url);
  return [response.status, await response.text()];
}

async function post(url: string, body: URLSearchParams | string): Promise<[number, string]> {
  const response = await fetch(url, { method: "POST", body });
  return [response.status, await response.text()];
}
