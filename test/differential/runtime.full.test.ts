// The runtime beside the real Envoy's: what is said to a discovery server and shown then, and what texts and files come to.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, before, beforeEach, describe, it } from "mocha";
import type { JsonValue } from "../../src/config/load/checked.ts";
import { envoyInstalled, freePort, LiveProxy } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { RTDS_VARIANTS, rtdsFile } from "../support/rtds-file.ts";
import { type RtdsRequest, RtdsServer } from "../support/rtds-server.ts";

const FILES: Readonly<Record<string, string>> = {
  "envoy/plain": "5\n",
  "envoy/comment": "# a comment\n  6  \n\n",
  "envoy/empty": "#only\n",
  "envoy/nothing": "",
  "envoy/two": "a\nb\n",
  "envoy/again": "x\n#c\nx\n",
  "envoy/crlf": "1\r\n",
  "envoy/json": '{"numerator": 7,\n"denominator": "MILLION"}',
  "envoy/yaml": "numerator: 8\ndenominator: TEN_THOUSAND\n",
  "envoy/deep/er/x": "9",
  "envoy/.hidden/y": "1",
  "envoy/.dot": "1",
  "envoy/a.b": "4",
  "envoy/with space": "4",
  "over/web/plain": "77",
  "over/other/plain": "78",
};

/** What spoils a layer. */
const SPOILT: Readonly<Record<string, (folder: string) => void>> = {
  "a link to nothing": (folder) => symlinkSync("gone", join(folder, "dangling")),
  "a file that is no YAML": (folder) => writeFileSync(join(folder, "bad"), "a: [1"),
  "a link to itself": (folder) => symlinkSync(".", join(folder, "loop")),
  "a file of the kernel": (folder) => symlinkSync("/proc/version", join(folder, "version")),
};

const TEXTS: readonly string[] = [
  ...["5", "33.3", "33.9", "0.9", "1e3", "0x10", "010", "08", "09.5", "+7", " 8 ", "33.3 ", "5.", ".5", "5 # c"],
  ...["1e20", "1e400", "-5", "-0.5", "0o17", "0b1", "0x", "1_000", "1,000", "1e", "--5", "5%", "1 2", '"9"'],
  ...["true", "inf", "nan", "null", "~", "[1]", "numerator: 4", '{"numerator":3}', "a: [1", "9999999999"],
];

describe("the runtime, compared with Envoy's", function () {
  this.timeout(60_000);

  before(function () {
    if (!envoyInstalled()) this.skip();
  });

  for (const variant of RTDS_VARIANTS) {
    it(`says the same to a discovery server, and has the same values: ${variant}`, async () => {
      const [envoy, ours] = [await followed("envoy", variant), await followed("starling", variant)];
      assert.deepEqual(ours, envoy);
    });
  }

  describe("with files on a disk", () => {
    let home: string;

    beforeEach(() => {
      home = mkdtempSync(join(tmpdir(), "starling-runtime-"));
    });

    afterEach(() => rmSync(home, { recursive: true, force: true }));

    it("reads the same values of odd files", async () => {
      for (const [path, text] of Object.entries(FILES)) write(join(home, "v1", path), text);
      symlinkSync("deep", join(home, "v1/envoy/linked"));
      symlinkSync("plain", join(home, "v1/envoy/link"));
      symlinkSync("/dev/null", join(home, "v1/envoy/null"));
      symlinkSync("v1", join(home, "current"));
      const [envoy, ours] = [await shown("envoy", home), await shown("starling", home)];
      assert.deepEqual(ours, envoy);
    });

    for (const [what, spoil] of Object.entries(SPOILT)) {
      it(`leaves the layer out for ${what}, as Envoy`, async () => {
        write(join(home, "v1/envoy/plain"), "1");
        spoil(join(home, "v1/envoy"));
        symlinkSync("v1", join(home, "current"));
        const [envoy, ours] = [await shown("envoy", home), await shown("starling", home)];
        assert.deepEqual(ours, envoy);
        assert.deepEqual(Object.keys(ours.entries), ["own"]);
      });
    }

    it("has the same limits for the same texts", async () => {
      write(join(home, "v1/envoy/plain"), "1");
      symlinkSync("v1", join(home, "current"));
      assert.deepEqual(await limits("starling", home), await limits("envoy", home));
    });
  });
});

/** What a proxy does at a discovery server's word. */
async function followed(which: "envoy" | "starling", variant: (typeof RTDS_VARIANTS)[number]) {
  const server = await RtdsServer.start({ name: "mine", version: "1", layer: { b: 2, c: { d: "x" } } });
  const admin = await freePort([server.port]);
  const listener = await freePort([server.port, admin]);
  const proxy = await LiveProxy.start(which, rtdsFile(variant, { server: server.port, admin, listener }), admin);
  const value = async (key: string) => (await runtimeOf(admin)).entries[key]?.final_value;
  try {
    await eventually(async () => (await value("b")) === "2");
    server.say({ name: "mine", version: "2", layer: { b: [1] } });
    await eventually(() => server.requests.some((one) => one["error_detail"] !== undefined));
    server.say({ name: "other", version: "3", layer: {} });
    await eventually(() => server.requests.some((one) => one["response_nonce"] === "n3"));
    server.say({ name: "mine", version: "4", layer: { b: 4, e: { numerator: 1 } } });
    await eventually(async () => (await value("b")) === "4");
    await eventually(() => server.requests.some((one) => one["response_nonce"] === "n4"));
    const { layers, entries } = await runtimeOf(admin);
    const stats = await (
      await fetch(`http://127.0.0.1:${admin}/stats?filter=^runtime.(update_(success|rejected)|num_layers)`)
    ).text();
    return {
      requests: server.requests.map(comparable),
      paths: server.paths,
      layers,
      keys: Object.keys(entries).sort(),
      stats,
    };
  } finally {
    await proxy.stop();
    server.close();
  }
}

/** Without who asks in detail, and the words of refusals that the reader of values chose. */
function comparable({ node, error_detail, ...rest }: RtdsRequest): JsonValue {
  const { id, cluster } = (node ?? {}) as Record<string, JsonValue>;
  const { message = "" } = (error_detail ?? {}) as Record<string, JsonValue>;
  return { ...rest, node: [id ?? "", cluster ?? ""], error: String(message) };
}

async function shown(which: "envoy" | "starling", home: string) {
  const admin = await freePort([]);
  const proxy = await LiveProxy.start(which, diskFile(home, admin), admin);
  try {
    return await runtimeOf(admin);
  } finally {
    await proxy.stop();
  }
}

/** max_requests of a cluster for each text, as /clusters has it. */
async function limits(which: "envoy" | "starling", home: string): Promise<Record<string, string>> {
  const admin = await freePort([]);
  const proxy = await LiveProxy.start(which, diskFile(home, admin), admin);
  const found: Record<string, string> = {};
  try {
    for (const text of TEXTS) {
      const key = "circuit_breakers.c.default.max_requests";
      const set = (value: string) =>
        fetch(`http://127.0.0.1:${admin}/runtime_modify?${key}=${encodeURIComponent(value)}`, { method: "POST" });
      await (await set("")).text();
      const { status } = await set(text);
      const page = await (await fetch(`http://127.0.0.1:${admin}/clusters`)).text();
      found[text] = `${status} ${/default_priority::max_requests::(\d+)/.exec(page)?.[1]}`;
    }
    return found;
  } finally {
    await proxy.stop();
  }
}

interface RuntimePage {
  readonly layers: readonly string[];
  readonly entries: Readonly<
    Record<string, { readonly final_value: string; readonly layer_values: readonly string[] }>
  >;
}

async function runtimeOf(admin: number): Promise<RuntimePage> {
  return (await (await fetch(`http://127.0.0.1:${admin}/runtime`)).json()) as RuntimePage;
}

function diskFile(home: string, admin: number): string {
  const disk = (name: string, more: object) => ({ name, disk_layer: { symlink_root: join(home, "current"), ...more } });
  return JSON.stringify({
    node: { id: "n", cluster: "web" },
    admin: { address: { socket_address: { address: "127.0.0.1", port_value: admin } } },
    layered_runtime: {
      layers: [
        { name: "own", static_layer: { own: 1 } },
        disk("root", { subdirectory: "envoy" }),
        disk("over", { subdirectory: "over", append_service_cluster: true }),
        { name: "admin", admin_layer: {} },
      ],
    },
    static_resources: { clusters: [{ name: "c", load_assignment: { cluster_name: "c" } }] },
  });
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
