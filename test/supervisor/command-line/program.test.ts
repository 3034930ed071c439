import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, describe, it } from "mocha";
import { VERSION } from "../../../src/supervisor/version.ts";
import { freePort } from "../../support/live-proxy.ts";
import { Program, runProgram } from "../../support/program.ts";

const folder = mkdtempSync(join(tmpdir(), "starling-test-"));
let program: Program | null = null;

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function direct(port: number, more: string = ""): string {
  return `
admin: { address: { socket_address: { address: 127.0.0.1, port_value: 0 } } }
static_resources:
  listeners:
  - name: front
    address: { socket_address: { address: 127.0.0.1, port_value: ${port} } }
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: front${more}
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: { prefix: / }
                direct_response: { status: 200, body: { inline_string: hello } }
          http_filters:
          - name: router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
`;
}

describe("the program", () => {
  after(() => rmSync(folder, { recursive: true }));

  afterEach(async () => {
    if (program?.child.exitCode === null) await program.end("SIGKILL");
    program = null;
  });

  it("prints its version", async () => {
    const { code, out } = await runProgram("--version");
    assert.deepEqual([code, out], [0, `starling  version: ${VERSION}\n`]);
  });

  for (const args of [
    ["--help"],
    ["demo", "--help"],
    ["validate", "-h"],
    ["explain", "--help"],
    ["schema", "--help"],
  ]) {
    it(`explains itself with ${args.join(" ")}`, async () => {
      const { code, out } = await runProgram(...args);
      assert.equal(code, 0);
      assert.match(out, /--help/);
    });
  }

  it("ends with 1 and a hint for a mistake on the command line", async () => {
    const { code, err } = await runProgram("--config-pth", "x");
    assert.equal(code, 1);
    assert.match(err, /unknown flag --config-pth \(did you mean --config-path\?\)/);
  });

  it("refuses a mesh that others could listen to or speak for, and a role that is none, all at once", async () => {
    const flags = ["--mesh", "nats://192.0.2.1", "--mesh-credentials", "/nowhere", "--roles", "proxy,helth"];
    const { code, err } = await runProgram("-c", file("mesh.yaml", direct(0)), ...flags);
    assert.equal(code, 1);
    assert.deepEqual(err.trim().split("\n"), [
      "--mesh: nats://192.0.2.1 is not on this machine and would be open to anyone on the way: write tls://192.0.2.1:4222",
      "--mesh-credentials: cannot read '/nowhere': No such file or directory",
      "--roles: 'helth' is no role (did you mean health?)",
    ]);
  });

  it("takes what the command line does not say of the mesh from its variables", async () => {
    process.env["STARLING_ROLES"] = "proxy,helth";
    const { code, err } = await runProgram("-c", file("roles.yaml", direct(0))).finally(() => {
      delete process.env["STARLING_ROLES"];
    });
    assert.equal(code, 1);
    assert.match(err, /^STARLING_ROLES: 'helth' is no role \(did you mean health\?\)$/m);
  });

  it("says OK as Envoy does for a valid file", async () => {
    const path = file("ok.yaml", direct(0));
    const { code, out } = await runProgram("--mode", "validate", "-c", path);
    assert.deepEqual([code, out], [0, `configuration '${path}' OK\n`]);
  });

  it("prints every error with its place, one a line, and ends with 1", async () => {
    const path = file("bad.yaml", "nodes: {}\nadmin:\n  adress: {}\n");
    const { code, err } = await runProgram("--mode", "validate", "-c", path);
    assert.equal(code, 1);
    const lines = err.trim().split("\n");
    assert.equal(lines.length, 2);
    assert.match(lines[0] ?? "", /bad\.yaml:1:1 nodes: .*did you mean/);
    assert.match(lines[1] ?? "", /bad\.yaml:3:3 admin\.adress: /);
  });

  it("prints the same as JSON with validate --json", async () => {
    const path = file("bad.yaml", "nodes: {}\n");
    const { code, out } = await runProgram("validate", path, "--json");
    assert.equal(code, 1);
    const { errors, warnings } = JSON.parse(out);
    assert.deepEqual([errors.length, errors[0].line, errors[0].path, warnings], [1, 1, "nodes", []]);
  });

  it("serves, writes where its admin server is, and ends with 0 on SIGTERM", async () => {
    const adminPath = join(folder, "admin");
    program = new Program("-c", file("serve.yaml", direct(0)), "--concurrency", "2", "--admin-address-path", adminPath);
    await program.says(/serving 1 listener\(s\) with 2 worker\(s\)/);
    const admin = readFileSync(adminPath, "utf8");
    assert.equal(await (await fetch(`http://${admin}/ready`)).text(), "LIVE\n");
    const listeners = await (await fetch(`http://${admin}/listeners`)).text();
    const address = /front::(\S+)/.exec(listeners)?.[1];
    assert.equal(await (await fetch(`http://${address}/`)).text(), "hello");
    const { code, err } = await program.end();
    assert.equal(code, 0);
    assert.match(err, /\]\[warning\]\[main\] caught SIGTERM/);
  });

  it("reads its file again on SIGHUP: says what changed in a line, or where every mistake is, and serves on", async () => {
    const path = file("hup.yaml", direct(0));
    const adminPath = join(folder, "hup-admin");
    program = new Program("-c", path, "--concurrency", "1", "--admin-address-path", adminPath);
    await program.says(/serving/);
    const admin = readFileSync(adminPath, "utf8");
    const listeners = await (await fetch(`http://${admin}/listeners`)).text();
    const served = async (): Promise<string> => (await fetch(`http://${/front::(\S+)/.exec(listeners)?.[1]}/`)).text();
    program.child.kill("SIGHUP");
    await program.says(/hup\.yaml reloaded in \d+ ms: nothing has changed/);
    file("hup.yaml", direct(0).replace("hello", "hello again"));
    program.child.kill("SIGHUP");
    await program.says(/\]\[info\]\[config\] \S+hup\.yaml reloaded in \d+ ms: listeners: 1 changed \(front\)\n/);
    assert.equal(await served(), "hello again");
    assert.match(await (await fetch(`http://${admin}/config_dump`)).text(), /hello again/);
    file("hup.yaml", `nodes: {}\n${direct(0).replace("hello", "lost").replace("stat_prefix", "stat_perfix")}`);
    program.child.kill("SIGHUP");
    await program.says(/\]\[error\]\[config\] \S+hup\.yaml:1:1 nodes: .*did you mean/);
    await program.says(/hup\.yaml:13:\d+ \S*stat_perfix: .*did you mean/);
    await program.says(/\S+hup\.yaml is refused for these 3; what served serves on/);
    assert.equal(await served(), "hello again");
    assert.equal((await program.end("SIGINT")).code, 0);
  });

  it("ends with 1 and one plain line when an address is taken", async () => {
    const { server, port } = await taken();
    const { code, err } = await runProgram("-c", file("taken.yaml", direct(port)), "-l", "off");
    server.close();
    assert.equal(code, 1);
    assert.equal(err, `starling: listener 'front': cannot bind '127.0.0.1:${port}': Address already in use\n`);
  });

  it("joins the address of another Starling with --takeover, and refuses to without", async () => {
    const port = await freePort();
    const path = file("takeover.yaml", direct(port));
    program = new Program("-c", path, "--concurrency", "1");
    await program.says(/serving/);
    assert.equal((await runProgram("-c", path, "-l", "off")).code, 1);
    const next = new Program("-c", path, "--concurrency", "1", "--takeover");
    await next.says(/serving/);
    assert.equal((await program.end()).code, 0);
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), "hello");
    assert.equal((await next.end()).code, 0);
  });

  it("ends with 1 and one plain line when an access log cannot be written", async () => {
    const log = `
          access_log:
          - name: file
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
              path: ${folder}/nowhere/access.log`;
    const { code, err } = await runProgram("-c", file("log.yaml", direct(0, log)), "-l", "off");
    assert.equal(code, 1);
    assert.match(err, /^starling: unable to open access log '.*nowhere\/access.log': No such file or directory\n$/);
  });

  it("ends with 1 and one plain line when the admin address cannot be written down", async () => {
    const path = join(folder, "nowhere", "admin");
    const { code, err } = await runProgram("-c", file("a.yaml", direct(0)), "-l", "off", "--admin-address-path", path);
    assert.deepEqual(
      [code, err],
      [1, `starling: --admin-address-path: cannot write '${path}': No such file or directory\n`],
    );
  });

  for (const [args, says] of [
    [["demo", "more"], "unexpected argument 'more'"],
    [["demo", "--helth"], "unknown flag --helth (did you mean --health?)"],
    [["demo", "--health", "--health-tcp"], "--health and --health-tcp are two demos"],
    [["demo", "--document-timing"], "--document-timing goes with --health or --health-tcp"],
    [["validate"], "validate needs a file: starling validate FILE"],
    [["validat"], "unknown subcommand 'validat' (did you mean validate?)"],
    [["--confg-path=x"], "unknown flag --confg-path (did you mean --config-path?)"],
  ] as const) {
    it(`refuses ${args.join(" ")} in a plain line`, async () => {
      const { code, err } = await runProgram(...args);
      assert.deepEqual([code, err.split("\n")[0]], [1, `starling: ${says}`]);
    });
  }

  it("logs to a file in the format that was asked for", async () => {
    const log = join(folder, "own.log");
    const flags = ["--log-path", log, "--log-format", "%L|%n|%v", "--component-log-level", "upstream:off"];
    program = new Program("-c", file("own.yaml", direct(0)), "--concurrency", "1", ...flags);
    program.child.stderr?.resume();
    for (let text = ""; !/I\|main\|serving/.test(text); text = readFileSync(log, { encoding: "utf8", flag: "a+" })) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const { err } = await program.end();
    assert.equal(err, "");
    assert.doesNotMatch(readFileSync(log, "utf8"), /\|upstream\|/);
  });
});

/** A port that somebody listens on. */
function taken(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve({ server, port: typeof address === "object" && address !== null ? address.port : 0 });
    });
  });
}
