// Access logs of a started proxy: rotated by rename and SIGUSR1 under load, and on a disk that is full and has space again. Every line is
// counted: it is in one of the files, or among those that were dropped.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { installed, runs } from "../support/installed.ts";
import { freePort, LiveProxy } from "../support/live-proxy.ts";
import { managerFilter, proxyFile } from "../support/proxy-file.ts";
import { exchange } from "../support/raw-exchange.ts";
import { PROJECT } from "../support/source-files.ts";

const KINDS = ["http", "tcp", "listener", "admin"] as const;

describe("log files of a started proxy", function () {
  this.timeout(120_000);
  const directory = mkdtempSync(join(tmpdir(), "starling-rotation-"));
  let upstream: Server;
  let upstreamPort = 0;

  before(async () => {
    upstream = createServer((_, response) => response.end("body"));
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    upstreamPort = (upstream.address() as AddressInfo).port;
  });

  after(() => {
    upstream.close();
    rmSync(directory, { recursive: true });
  });

  it("have every line once when they are renamed and opened again under load", async () => {
    const ports = await takePorts();
    const proxy = LiveProxy.launch("starling", fileOf(directory, ports, upstreamPort, KINDS), [
      ...["--concurrency", "2", "--file-flush-interval-msec", "50"],
    ]);
    let adminLines = 0;
    try {
      await proxy.live(ports.admin);
      const load = sendAll(ports, 0, 600);
      for (let turn = 0; turn < ROTATIONS; turn++) {
        for (const kind of KINDS) renameSync(join(directory, `${kind}.log`), join(directory, `${kind}.log.${turn}`));
        process.kill(proxy.pid, "SIGUSR1");
        for (const kind of KINDS) await until(() => existsSync(join(directory, `${kind}.log`)));
        adminLines += await asksAdmin(ports.admin, turn);
      }
      await load;
      await until(() => !openFiles(proxy.pid).some((path) => /\.log\.\d$/.test(path)));
      await sendAll(ports, 600, 20);
      adminLines += await asksAdmin(ports.admin, ROTATIONS);
    } finally {
      await proxy.stop();
    }
    const ids = (prefix: string, count: number): string[] =>
      Array.from({ length: count }, (_, i) => `${prefix}${i}`).sort();
    assert.deepEqual(linesOf(directory, "http").sort(), ids("/h", 620));
    assert.deepEqual(linesOf(directory, "tcp").length, 620);
    assert.deepEqual(linesOf(directory, "listener").length, 620);
    const asked = linesOf(directory, "admin").filter((line) => line.startsWith("/stats?"));
    assert.equal(new Set(asked).size, asked.length);
    assert.equal(asked.length, adminLines);
    // What came after the last rotation is in the new files.
    const last = readFileSync(join(directory, "http.log"), "utf8").trimEnd().split("\n");
    for (const id of ids("/h", 620).filter((one) => Number(one.slice(2)) >= 600)) assert.ok(last.includes(id), id);
  });

  it("that are on a full disk cost no request, count what is lost, and take lines again when there is space", async function () {
    if (!installed("unshare, with the right to mount,", runs("unshare", "-m", "true"))) this.skip();
    const ports = await takePorts();
    const disk = join(directory, "disk");
    mkdirSync(disk);
    const file = join(directory, "full.yaml");
    writeFileSync(file, fileOf(disk, ports, upstreamPort, ["http", "tcp", "listener"]));
    const proxy = onSmallDisk(disk, file);
    const inside = join("/proc", String(proxy.pid), "root", disk);
    try {
      await until(async () => (await fetch(`http://127.0.0.1:${ports.admin}/ready`).catch(() => null))?.ok === true);
      await sendAll(ports, 0, 40);
      await until(async () => (await stat(ports.admin, "starling.log_lines_dropped")) === 120);
      const answers = await sendAll(ports, 40, 40);
      assert.equal(answers, 80);
      // One line for each request, raw connection and connection of the listener.
      await until(async () => (await stat(ports.admin, "starling.log_lines_dropped")) === 240);
      rmSync(join(inside, "ballast"));
      await sendAll(ports, 80, 10);
      // Each file is tried again by itself, and says so by itself.
      const kinds = ["http", "tcp", "listener"] as const;
      const counts = (): number[] => kinds.map((kind) => linesOf(inside, kind).length);
      await until(() => counts().every((count) => count >= 10));
      assert.deepEqual(linesOf(inside, "http").filter((line) => Number(line.slice(2)) >= 80).length, 10);
      assert.deepEqual(counts(), [10, 10, 10]);
      assert.equal(await stat(ports.admin, "starling.log_lines_dropped"), 240);
      await until(() => /takes lines again; \d+ were lost/.test(proxy.told()));
      assert.match(proxy.told(), /lines are lost: .*no space|ENOSPC/i);
    } finally {
      await proxy.stop();
    }
  });
});

interface Ports {
  readonly http: number;
  readonly tcp: number;
  readonly admin: number;
}

async function takePorts(): Promise<Ports> {
  const http = await freePort();
  const tcp = await freePort([http]);
  return { http, tcp, admin: await freePort([http, tcp]) };
}

/** A log of each of these kinds in the folder. */
function fileOf(folder: string, ports: Ports, upstreamPort: number, kinds: readonly (typeof KINDS)[number][]): string {
  const log = (kind: (typeof KINDS)[number], format: string): unknown => ({
    name: "file",
    typed_config: {
      "@type": `${TYPES}access_loggers.file.v3.FileAccessLog`,
      path: join(folder, `${kind}.log`),
      log_format: { text_format_source: { inline_string: `${format}\n` } },
    },
  });
  const file = JSON.parse(proxyFile({ port: ports.http, adminPort: ports.admin, upstreamPort }));
  const direct = { status: 200, body: { inline_string: "here" } };
  const routes = [{ match: { prefix: "/" }, direct_response: direct }];
  const route_config = { name: "l", virtual_hosts: [{ name: "all", domains: ["*"], routes }] };
  const [listener] = file.static_resources.listeners;
  listener.access_log = [log("listener", "%BYTES_SENT%")];
  listener.filter_chains = [{ filters: [managerFilter({ route_config, access_log: [log("http", "%REQ(:PATH)%")] })] }];
  const proxy = {
    "@type": `${TYPES}filters.network.tcp_proxy.v3.TcpProxy`,
    ...{ stat_prefix: "raw", cluster: "echo", access_log: [log("tcp", "%BYTES_SENT%")] },
  };
  file.static_resources.listeners.push({
    name: "raw",
    address: { socket_address: { address: "127.0.0.1", port_value: ports.tcp } },
    filter_chains: [{ filters: [{ name: "tcp", typed_config: proxy }] }],
  });
  if (kinds.includes("admin")) file.admin.access_log = [log("admin", "%REQ(:PATH)%")];
  return JSON.stringify(file);
}

/** Requests `from` up to `from + count`, each beside a raw connection; answers how many were answered whole. */
async function sendAll(ports: Ports, from: number, count: number): Promise<number> {
  let next = from;
  let answered = 0;
  const sender = async (): Promise<void> => {
    for (let id = next++; id < from + count; id = next++) {
      const head = "HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
      const [here, there] = await Promise.all([
        exchange(ports.http, `GET /h${id} ${head}`),
        exchange(ports.tcp, `GET /t${id} ${head}`),
      ]);
      answered += Number(here.includes("200 OK") && here.includes("here"));
      answered += Number(there.includes("200 OK") && there.includes("body"));
    }
  };
  await Promise.all(Array.from({ length: 4 }, sender));
  assert.equal(answered, 2 * count);
  return answered;
}

async function asksAdmin(port: number, turn: number): Promise<number> {
  for (let i = 0; i < 5; i++) await (await fetch(`http://127.0.0.1:${port}/stats?filter=^${turn}x${i}$`)).text();
  return 5;
}

async function stat(port: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/stats?filter=^${name}$`)).text();
  return Number(/: (\d+)/.exec(text)?.[1] ?? 0);
}

/** The lines of a kind, of all its files. */
function linesOf(folder: string, kind: (typeof KINDS)[number]): string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${kind}.log`))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n").slice(0, -1));
}

/** The files that a process has open now, workers and all. */
function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((fd) => {
    try {
      return [readlinkSync(join(folder, fd))];
    } catch {
      return [];
    }
  });
}

interface SmallDiskProxy {
  readonly pid: number;
  told(): string;
  stop(): Promise<void>;
}

/** A proxy in a mount namespace of its own, where the folder is a disk of 64 KiB and full. */
function onSmallDisk(disk: string, file: string): SmallDiskProxy {
  const script = `mount -t tmpfs -o size=64k tmpfs "$1" && { cat /dev/zero > "$1/ballast" 2>/dev/null || true; } && shift && exec "$@"`;
  const program = [process.execPath, join(PROJECT, "src/starling.mjs"), "-c", file];
  const flags = ["--concurrency", "1", "-l", "warning", "--file-flush-interval-msec", "50"];
  const child: ChildProcess = spawn("unshare", ["-m", "sh", "-c", script, "sh", disk, ...program, ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (bytes: Buffer) => {
      text += bytes.toString();
    });
  }
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    pid: child.pid ?? 0,
    told: () => text,
    async stop() {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 5_000);
      await ended;
      clearTimeout(late);
    },
  };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`waited in vain: ${holds.toString()}`);
}

const ROTATIONS = 4;
const TYPES = "type.googleapis.com/envoy.extensions.";
