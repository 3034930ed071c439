// The front-proxy document on its own files: every command answered by the real Envoy and by Starling, the answers compared.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { after, before, describe, it } from "mocha";
import { Flock, FRONT, FRONT_TLS } from "../support/front-proxy-flock.ts";
import { envoyInstalled, type Program } from "../support/live-proxy.ts";
import { exchange, masked } from "../support/raw-exchange.ts";
import { isLacking } from "./lacking-stats.ts";

describe("the front-proxy document, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  const flocks = new Map<Program, Flock>();

  before(async function () {
    if (!envoyInstalled()) this.skip();
    for (const program of ["envoy", "starling"] as const) flocks.set(program, await Flock.start(program));
  });

  after(async () => {
    for (const flock of flocks.values()) await flock.stop();
  });

  const both = async <T>(ask: (flock: Flock) => Promise<T>): Promise<[T, T]> => {
    const [envoy, starling] = [flocks.get("envoy"), flocks.get("starling")];
    if (envoy === undefined || starling === undefined) throw new Error("not started");
    return [await ask(envoy), await ask(starling)];
  };

  const requests: readonly (readonly [string, string])[] = [
    [
      "GET /service/1",
      "GET /service/1 HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: curl/7.64.1\r\nAccept: */*\r\n\r\n",
    ],
    ["GET /service/2", "GET /service/2 HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"],
    ["a path without a route", "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["HEAD", "HEAD /service/2 HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["HTTP/1.0", "GET /service/2 HTTP/1.0\r\nHost: a\r\n\r\n"],
    ["no Host", "GET /service/2 HTTP/1.1\r\n\r\n"],
    ["connection: close", "GET /service/2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"],
    ["not HTTP", "HELO a\r\n\r\n"],
  ];
  for (const [title, request] of requests) {
    for (const tls of [false, true]) {
      it(`${title} over ${tls ? "TLS" : "cleartext"}`, async () => {
        const [envoy, starling] = await both(async (flock) => {
          const answer = await exchange(flock.ports.get(tls ? FRONT_TLS : FRONT), request, { tls });
          return masked(answer).replace(/hostname: service1-\d/, "hostname: <one of three>");
        });
        assert.equal(starling, envoy);
      });
    }
  }

  it("curl speaks HTTP/2 to the cleartext port and is not offered it over TLS", async () => {
    const [envoy, starling] = await both(async (flock) => {
      const plain = await curl("--http2-prior-knowledge", `http://127.0.0.1:${flock.ports.get(FRONT)}/service/2`);
      const secure = await curl("-k", "--http2", `https://127.0.0.1:${flock.ports.get(FRONT_TLS)}/service/2`);
      return [plain, secure];
    });
    assert.deepEqual(starling, envoy);
    assert.deepEqual(
      starling.map((text) => text.split("|")[0]),
      ["2 200", "1.1 200"],
    );
  });

  it("three instances answer in strict rotation", async () => {
    const [envoy, starling] = await both(async (flock) => {
      const names: string[] = [];
      for (let i = 0; i < 9; i++) {
        const answer = await exchange(
          flock.ports.get(FRONT),
          "GET /service/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        );
        names.push(/hostname: (service1-\d)/.exec(answer)?.[1] ?? answer);
      }
      return names;
    });
    for (const names of [envoy, starling]) {
      assert.equal(new Set(names.slice(0, 3)).size, 3);
      assert.deepEqual(names.slice(3, 6), names.slice(0, 3));
      assert.deepEqual(names.slice(6, 9), names.slice(0, 3));
    }
  });

  it("/server_info has Envoy's keys, /listeners and /clusters its lines", async () => {
    const [envoy, starling] = await both(async (flock) => ({
      info: Object.keys(JSON.parse(await flock.admin("/server_info"))).sort(),
      options: Object.keys(JSON.parse(await flock.admin("/server_info")).command_line_options).sort(),
      listeners: lines(await flock.admin("/listeners")).map((line) =>
        flock.withoutPorts(line.slice(line.indexOf("::"))),
      ),
      clusters: lines(await flock.admin("/clusters"))
        .map((line) => flock.withoutPorts(line.replace(/::\d+$/, "::<n>")))
        .sort(),
    }));
    assert.deepEqual(starling, envoy);
  });

  it("/stats counts what the document's table shows", async () => {
    const counted =
      /^cluster\.service[12]-envoy\.(external\.upstream_rq_(2xx|200|completed)|membership_(change|total|healthy)|upstream_rq_(total|200|2xx|completed)): /;
    const [envoy, starling] = await both(async (flock) =>
      lines(await flock.admin("/stats")).filter((line) => counted.test(line)),
    );
    assert.deepEqual(starling, envoy);
    assert.ok(starling.length >= 16);
  });

  it("has every counter of Envoy's front proxy that is not about something Starling lacks", async () => {
    const [envoy, starling] = await both(
      async (flock) =>
        new Set(
          lines(await flock.admin("/stats?type=Counters")).map((line) => flock.withoutPorts(line.split(":")[0] ?? "")),
        ),
    );
    const ofHouse = /^(cluster\.service|http\.ingress_http\.|listener\.127)/;
    const missing = [...envoy].filter((name) => ofHouse.test(name) && !starling.has(name) && !isLacking(name));
    assert.deepEqual(missing, []);
  });

  it("SIGTERM ends it at once with code 0", async () => {
    const [envoy, starling] = await both((flock) => flock.stop());
    assert.deepEqual([envoy, starling], [0, 0]);
  });
});

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

async function curl(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("curl", ["-s", "-w", "%{http_version} %{http_code}", ...args]);
  const at = stdout.lastIndexOf("\n") + 1;
  return `${stdout.slice(at)}|${stdout.slice(0, at)}`;
}
