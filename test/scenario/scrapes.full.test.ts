// Scrapes of a real process that has ten thousand endpoints: what one costs the main thread, and that a storm of them, with clients that ask
// and never read, harms neither requests nor health checks nor memory.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { after, before, describe, it } from "mocha";
import { CheckedUpstream } from "../support/checked-upstream.ts";
import { freePort, LiveProxy } from "../support/live-proxy.ts";
import { waitMs } from "../support/mesh-processes.ts";
import { eventually } from "../support/nodes.ts";
import { proxyFile } from "../support/proxy-file.ts";
import { SteadyLoad } from "../support/steady-load.ts";

const CLUSTERS = 100;
const ENDPOINTS = 100;

describe("scrapes of a node with ten thousand endpoints", function () {
  this.timeout(120_000);
  let proxy: LiveProxy;
  let upstream: CheckedUpstream;
  let port: number;
  let adminPort: number;
  let scrapes = 0;

  before(async () => {
    upstream = await CheckedUpstream.start("one", 200, await freePort());
    [port, adminPort] = [await freePort([upstream.port]), await freePort([upstream.port])];
    proxy = await LiveProxy.start("starling", file(port, adminPort, upstream.port), adminPort, ["--concurrency", "2"]);
  });

  after(async () => {
    await proxy?.stop();
    await upstream?.stop();
  });

  /** Each is written anew: another query is another page. */
  const scrape = async (): Promise<number> => {
    const answer = await fetch(`http://127.0.0.1:${adminPort}/stats/prometheus?number=${scrapes++}`);
    return answer.status === 200 ? (await answer.arrayBuffer()).byteLength : -answer.status;
  };

  it("take less than 100 ms of the main thread, single endpoints and all, and nothing of the listeners", async () => {
    // Code and names are warm after the first ones, as they are with any scraper.
    for (let i = 0; i < 3; i++) await waitFor(scrape, 1_000);
    const listenersBegan = listenerCpuMs(proxy.pid);
    const spentMs: number[] = [];
    let bytes = 0;
    for (let i = 0; i < 11; i++) {
      await waitMs(1_000);
      const began = cpuMs(proxy.pid, proxy.pid);
      bytes = await scrape();
      spentMs.push(cpuMs(proxy.pid, proxy.pid) - began);
    }
    // The middle one: a flush or a collection of garbage may fall into another.
    const spent = spentMs.sort((a, b) => a - b)[5] as number;
    const listeners = (listenerCpuMs(proxy.pid) - listenersBegan) / spentMs.length;
    console.log(
      `      ${bytes} bytes, ${spent} ms of the main thread a scrape; other threads ${listeners.toFixed(0)} ms a second`,
    );
    assert.ok(bytes > 10_000_000, `${bytes}`);
    assert.ok(spent < 100, `${spent} ms`);
  });

  it("that come two hundred at once harm nobody, though half of their clients never read", async () => {
    const load = new SteadyLoad(port, 2, 5);
    const idle = residentBytes(proxy.pid);
    await eventually(() => load.answered > 50);
    upstream.forgetProbes();
    const before = load.answered;
    const silent = Array.from({ length: 100 }, () => neverReading(adminPort));
    const answers = await storm(adminPort, 100);
    const peak = residentBytes(proxy.pid);
    for (const socket of silent) socket.destroy();
    await load.finish();
    const tries = answers.reduce((sum, one) => sum + one.tries, 0);
    console.log(
      `      100 scrapes in ${tries} tries; memory +${Math.round((peak - idle) / 1e6)} MB; ${load.answered - before} requests; ` +
        `a probe every ${Math.round(upstream.longestGapMs)} ms at worst`,
    );
    assert.equal(answers.filter(({ bytes }) => bytes > 10_000_000).length, 100);
    assert.deepEqual([load.lost, load.wrong], [0, 0]);
    assert.ok(load.answered - before > 100);
    assert.ok(upstream.longestGapMs < 3_000, `${upstream.longestGapMs}`);
    assert.ok(peak - idle < 400_000_000, `${peak - idle}`);
    assert.ok((await scrape()) > 10_000_000);
  });
});

async function waitFor<Answer>(act: () => Promise<Answer>, ms: number): Promise<Answer> {
  await waitMs(ms);
  return act();
}

/** A client that asks for the page and reads nothing. */
function neverReading(port: number): Socket {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.pause();
  socket.write("GET /stats/prometheus HTTP/1.1\r\nHost: a\r\n\r\n");
  return socket;
}

/** So many scrapes at once from a process of their own, each tried again while it is refused or cut. */
function storm(port: number, count: number): Promise<readonly { readonly bytes: number; readonly tries: number }[]> {
  const code = `const one = async () => {
    for (let tries = 1; ; tries++) {
      const bytes = await fetch("http://127.0.0.1:${port}/stats/prometheus").then(async (answer) =>
        answer.ok ? (await answer.arrayBuffer()).byteLength : 0).catch(() => 0);
      if (bytes > 0 || tries === 60) return { bytes, tries };
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  };
  Promise.all(Array.from({ length: ${count} }, one)).then((all) => console.log(JSON.stringify(all)));`;
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ["-e", code], (error, out) =>
      error === null ? resolve(JSON.parse(out)) : reject(error),
    );
  });
}

/** Processor time of one thread, in steps of 10 ms. */
function cpuMs(pid: number, thread: number): number {
  const fields = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Of all threads but the main one. */
function listenerCpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10 - cpuMs(pid, pid);
}

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1_024;
}

function file(port: number, adminPort: number, upstreamPort: number): string {
  const health_checks = [
    {
      timeout: "1s",
      interval: "0.5s",
      no_traffic_interval: "0.5s",
      unhealthy_threshold: 2,
      healthy_threshold: 1,
      http_health_check: { path: "/" },
    },
  ];
  const text = JSON.parse(proxyFile({ port, adminPort, upstreamPort, cluster: { health_checks } }));
  for (let cluster = 0; cluster < CLUSTERS; cluster++) {
    const lb_endpoints = Array.from({ length: ENDPOINTS }, (_, at) => ({
      endpoint: { address: { socket_address: { address: `127.1.${cluster}.${at + 1}`, port_value: 1_000 } } },
    }));
    const load_assignment = { cluster_name: "x", endpoints: [{ lb_endpoints }] };
    const track_cluster_stats = { per_endpoint_stats: true };
    text.static_resources.clusters.push({ name: `cluster-${cluster}`, track_cluster_stats, load_assignment });
  }
  return JSON.stringify(text);
}
