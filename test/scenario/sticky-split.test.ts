// The sample of sticky splits, with shares that grow: users known by a header, by a cookie that the proxy sets and by their address stay
// with the version that they have. The whole exchange runs, in memory.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { ClientChannel } from "../support/client-channel.ts";
import { ExchangeWorld } from "../support/exchange-harness.ts";
import { PROJECT } from "../support/source-files.ts";

const SAMPLE = readFileSync(join(PROJECT, "config/traffic-shift/sticky-split.yaml"), "utf8");
const BY_ADDRESS = "- connection_properties: { source_ip: true }";

/** A request, and where it came out. */
interface Visit {
  readonly version: string;
  /** The cookie that came with the answer; empty: none. */
  readonly setCookie: string;
}

/** The sample with other shares, and with another way to know users of `/` if one is given. */
class Sample {
  private readonly world: ExchangeWorld;
  private ports = 30_000;

  constructor(weights: readonly [number, number], percent: number, hashPolicy: string = "") {
    const text = SAMPLE.replace("weight: 90", `weight: ${weights[0]}`)
      .replace("weight: 10", `weight: ${weights[1]}`)
      .replace("numerator: 10", `numerator: ${percent}`)
      .replace(/- cookie:[\s\S]*?Lax \}/, (cookie) => (hashPolicy === "" ? cookie : hashPolicy));
    const { plan, errors, warnings } = loadPlan({ text, file: "sticky-split.yaml" });
    assert.deepEqual([errors, warnings], [[], []]);
    const listener = plan?.listeners[0];
    assert.ok(listener !== undefined);
    this.world = new ExchangeWorld(listener);
    for (const version of VERSIONS) this.world.upstreams.add(version);
  }

  /** One request of a connection of its own. */
  visit(path: string, fields: Readonly<Record<string, string>> = {}, remoteAddress: string = "192.0.2.1"): Visit {
    const client = this.world.connect({ remoteAddress, remotePort: this.ports++ });
    const visit = this.ask(client, path, fields);
    client.hangUp();
    return visit;
  }

  /** The versions that these users get, who come by one connection. */
  versionsOf(users: readonly number[]): string[] {
    const client = this.world.connect();
    return users.map((user) => this.ask(client, "/api", { "x-user-id": `user-${user}` }).version);
  }

  private ask(client: ClientChannel, path: string, fields: Readonly<Record<string, string>>): Visit {
    const { world } = this;
    const lines = Object.entries({ host: "a", ...fields }).map(([name, value]) => `${name}: ${value}\r\n`);
    client.send(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
    for (const version of VERSIONS) {
      const cluster = world.upstreams.cluster(version) as ReturnType<ExchangeWorld["upstreams"]["add"]>;
      for (const stream of cluster.streams.splice(0)) stream.respond(200, { "x-version": version });
    }
    const answer = client.received();
    return {
      version: /^x-version: (\w+)/m.exec(answer)?.[1] ?? answer,
      setCookie: /^set-cookie: (.*)\r/m.exec(answer)?.[1] ?? "",
    };
  }

  /** The end: nothing is held. */
  end(): void {
    assert.deepEqual(this.world.leaks(), []);
  }
}

const VERSIONS = ["v1", "v2"];

function inTheThousands(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function nearTo(found: number, share: number, count: number): void {
  const slack = 3 * Math.sqrt(count * share * (1 - share));
  assert.ok(Math.abs(found - share * count) <= slack, `${found} of ${count}, ${share} was wished`);
}

describe("a sticky split", () => {
  it("keeps users whom a header names while a runtime fraction grows", () => {
    const users = inTheThousands(10_000);
    const versions = (
      [
        [10, users],
        [50, users.slice(0, 2_000)],
      ] as const
    ).map(([percent, some]) => {
      const sample = new Sample([1, 1], percent);
      const found = sample.versionsOf(some);
      nearTo(found.filter((version) => version === "v2").length, percent / 100, some.length);
      sample.end();
      return found;
    });
    const [before, after] = versions as [string[], string[]];
    assert.ok(after.every((version, user) => version === "v2" || before[user] === "v1"));
  });

  it("knows users again by the cookie that the proxy sets, while a weight grows", () => {
    const users = inTheThousands(2_000);
    const sample = new Sample([90, 10], 0);
    const visits = users.map(() => sample.visit("/"));
    nearTo(visits.filter(({ version }) => version === "v2").length, 0.1, users.length);
    assert.match(visits[0]?.setCookie ?? "", SET_COOKIE);
    assert.equal(new Set(visits.map(({ setCookie }) => setCookie)).size, users.length);
    const cookies = visits.map(({ setCookie }) => setCookie.split(";", 1)[0] ?? "");
    const again = cookies.map((cookie) => sample.visit("/", { cookie }));
    assert.deepEqual(
      again.map(({ version }) => version),
      visits.map(({ version }) => version),
    );
    assert.ok(again.every(({ setCookie }) => setCookie === ""));
    sample.end();
    const grown = new Sample([7, 7], 0);
    const later = cookies.map((cookie) => grown.visit("/", { cookie }).version);
    nearTo(later.filter((version) => version === "v2").length, 0.5, users.length);
    assert.ok(users.every((user) => again[user]?.version === "v1" || later[user] === "v2"));
    grown.end();
  });

  it("keeps addresses while a weight grows", () => {
    const addresses = inTheThousands(2_000).map((i) => `10.0.${i >> 8}.${i & 255}`);
    const versions = (
      [
        [90, 10],
        [30, 70],
      ] as const
    ).map((weights) => {
      const sample = new Sample(weights, 0, BY_ADDRESS);
      const found = addresses.map((address) => sample.visit("/", {}, address).version);
      nearTo(found.filter((version) => version === "v2").length, weights[1] / 100, addresses.length);
      sample.end();
      return found;
    });
    assert.ok(addresses.every((_, i) => versions[0]?.[i] === "v1" || versions[1]?.[i] === "v2"));
  });

  it("leaves to chance who has nothing to be known by", () => {
    const sample = new Sample([1, 1], 50);
    const found = inTheThousands(1_000).map(() => sample.visit("/api").version);
    nearTo(found.filter((version) => version === "v2").length, 0.5, found.length);
    sample.end();
  });
});

const SET_COOKIE = /^version="[0-9a-f]{16}"; Max-Age=2592000; Path=\/; SameSite=Lax; HttpOnly$/;
