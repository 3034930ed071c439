import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { buildImages, type CommandOutcome, command, engineAnswers, waitFor } from "../../support/containers.ts";
import { sourceText } from "../../support/source-files.ts";

const BASE = /^FROM (\S+) AS starling$/m.exec(sourceText("Dockerfile"))?.[1] ?? "";
/** What the image may be above its base. */
const MIB_MAX = 120;
const NAME = "test-starling-image";
const VOLUME = "test-starling-certs";
const YAML = `admin: { address: { socket_address: { address: 0.0.0.0, port_value: 9903 } } }\n`;

let folder = "";

describe("the image", function () {
  this.timeout(300_000);

  before(async function () {
    if (!engineAnswers()) this.skip();
    await buildImages();
    folder = mkdtempSync(join(tmpdir(), "image-"));
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, "secret.yaml"), YAML, { mode: 0o600 });
    writeFileSync(join(folder, "envoy.yaml"), YAML);
    writeFileSync(join(folder, "wrong.yaml"), "admin: { adress: {} }\nstatic_resource: {}\n");
  });

  after(async () => {
    if (folder !== "") rmSync(folder, { recursive: true });
    await command("docker", ["rm", "--force", NAME]);
    await command("docker", ["volume", "rm", "--force", VOLUME]);
  });

  it(`is at most ${MIB_MAX} MiB above its base`, async () => {
    const mib = ((await bytes("starling")) - (await bytes(BASE))) / 2 ** 20;
    process.stdout.write(`      ${mib.toFixed(1)} MiB above ${BASE}\n`);
    assert.ok(mib > 0 && mib <= MIB_MAX, `${mib} MiB`);
  });

  it("holds neither development nor optional packages, and no source that a test needs", async () => {
    const script =
      "ls node_modules | grep -E '^(mocha|typescript|node-linux)' ; ls -d src test workers 2>/dev/null; true";
    assert.deepEqual(await run("starling", "sh", "-c", script), { code: 0, out: "", err: "" });
  });

  it("says so and ends with code 1 when no file is mounted, a folder is, or a file that is secret or wrong", async () => {
    const missing = await run("starling");
    assert.deepEqual(
      [missing.code, missing.err],
      [1, "/etc/envoy/envoy.yaml:1:1: cannot be read: No such file or directory\n"],
    );
    const directory = await run(...mount(folder), "starling");
    assert.deepEqual(
      [directory.code, directory.err],
      [1, "/etc/envoy/envoy.yaml:1:1: cannot be read: Is a directory\n"],
    );
    const secret = await run(...mount(join(folder, "secret.yaml")), "--user", "101:101", "starling");
    assert.deepEqual([secret.code, secret.err], [1, "/etc/envoy/envoy.yaml:1:1: cannot be read: Permission denied\n"]);
    const wrong = await run(...mount(join(folder, "wrong.yaml")), "starling", "--mode", "validate");
    assert.equal(wrong.code, 1);
    assert.match(
      wrong.err,
      /envoy\.yaml:1:10 admin\.adress:.*did you mean address[\s\S]*envoy\.yaml:2:1 static_resource:/,
    );
  });

  it("validates the file at Envoy's path, and passes other arguments on", async () => {
    const valid = await run(...mount(join(folder, "envoy.yaml")), "starling", "--mode", "validate");
    assert.deepEqual([valid.code, valid.out], [0, "configuration '/etc/envoy/envoy.yaml' OK\n"]);
    assert.match((await run("starling", "envoy", "--version")).out, /^starling {2}version: \d/);
  });

  for (const [flags, identity, said] of [
    [[], "101:101", ""],
    [["-e", "ENVOY_UID=1234", "-e", "ENVOY_GID=55"], "1234:55", ""],
    [["-e", "ENVOY_UID=0", "-e", "ENVOY_GID=0"], "0:0", "starling: runs as root, as ENVOY_UID=0 says\n"],
    [["-u", "101:101", "--cap-drop", "ALL"], "101:101", ""],
  ] as const) {
    it(`runs as ${identity} with '${flags.join(" ")}'`, async () => {
      const { out, err } = await run(...flags, "starling", "sh", "-c", "echo $(id -u):$(id -g)");
      assert.deepEqual([out, err], [`${identity}\n`, said]);
    });
  }

  it("runs without a capability, finds its own admin server, and ends by SIGTERM with code 0", async () => {
    const hard = ["--read-only", "--cap-drop", "ALL", "--user", "101:101", "--detach", "--name", NAME];
    const started = await command("docker", ["run", ...hard, ...mount(join(folder, "envoy.yaml")), "starling"]);
    assert.equal(started.code, 0, started.err);
    await waitFor(async () => ((await inspect("{{.State.Health.Status}}")) === "healthy" ? true : null));
    await command("docker", ["stop", NAME]);
    assert.equal(await inspect("{{.State.ExitCode}}"), "0");
  });

  it("makes no certificate where it may not write, and says whose fault it is", async () => {
    const make = ["starling-tools", "node", "/starling/dist/compose/image/certs.js", "front-envoy"];
    const refused = await run("-u", "1234:1234", "-v", `${VOLUME}:/certs`, ...make);
    assert.equal(refused.code, 1);
    assert.match(
      refused.err,
      /^certs: cannot write to \/certs as user 1234 \(EACCES\): the volume belongs to another user/,
    );
  });

  it("makes certificates and keys once, for its user's eyes only", async () => {
    const make = (): Promise<CommandOutcome> =>
      run(
        "-u",
        "101:101",
        "-v",
        `${VOLUME}:/certs`,
        "starling-tools",
        "node",
        "/starling/dist/compose/image/certs.js",
        "nats=nats-1,nats-2",
      );
    assert.match((await make()).out, /^certs: made ca\.pem, nats\.key, nats\.pem, node\.nk, users\.conf in \/certs\n$/);
    assert.equal((await make()).out, "certs: /certs has everything already\n");
    const look =
      "cd /certs; stat -c '%n %a %u' *.key *.nk; ls -A | grep -E 'ca.key|draft'; openssl verify -CAfile ca.pem -verify_hostname nats-2 nats.pem";
    const { out } = await run("-u", "101:101", "-v", `${VOLUME}:/certs`, "starling-tools", "sh", "-c", look);
    assert.equal(out, "nats.key 600 101\nnode.nk 600 101\nnats.pem: OK\n");
  });
});

function run(...args: string[]): Promise<CommandOutcome> {
  return command("docker", ["run", "--rm", ...args]);
}

function mount(path: string): string[] {
  return ["-v", `${path}:/etc/envoy/envoy.yaml:ro`];
}

async function bytes(image: string): Promise<number> {
  return Number((await command("docker", ["image", "inspect", "--format", "{{.Size}}", image])).out);
}

async function inspect(format: string): Promise<string> {
  return (await command("docker", ["inspect", "--format", format, NAME])).out.trim();
}
