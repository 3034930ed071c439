// The snippets of the health-check document. Starling serves them as written: two of them the real Envoy refuses, and then Starling does
// what Envoy does with the modern form.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { envoyInstalled, goldenText, LiveProxy, PortMap, type Program } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { runProgram } from "../support/program.ts";
import { type SnippetKind, snippetBackend } from "../support/snippet-backends.ts";

interface Snippet {
  readonly kind: SnippetKind;
  readonly written: string;
  readonly modern: string;
  readonly port: number;
  /** What Starling warns of. */
  readonly warning: RegExp;
  /** Envoy's words for it; empty: it takes the snippet. */
  readonly refusal: string;
}

const SNIPPETS: readonly Snippet[] = [
  {
    kind: "http",
    written: "health-checks.3.2.1-http.yaml",
    modern: "health-checks.3.2.1-http-end201.yaml",
    port: 21220,
    warning: /its end is exclusive; taken as 200 alone; write end: 201/,
    refusal: "Invalid http expected status range: expecting start < end, but found start=200 and end=200",
  },
  {
    kind: "tcp",
    written: "health-checks.3.2.2-tcp.yaml",
    modern: "health-checks.3.2.2-tcp.yaml",
    port: 21221,
    warning: /^$/,
    refusal: "",
  },
  {
    kind: "grpc",
    written: "health-checks.3.2.3-grpc.yaml",
    modern: "health-checks.3.2.3-grpc-with-http2.yaml",
    port: 21222,
    warning: /probes over HTTP\/2 all the same; write typed_extension_protocol_options/,
    refusal: "grpc_service_cluster cluster must support HTTP/2 for gRPC healthchecking",
  },
];

describe("the snippets of the health-check document", function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), "snippets-"));

  before(function () {
    if (!envoyInstalled()) this.skip();
  });

  after(() => rmSync(folder, { recursive: true }));

  for (const { kind, written, modern, port, warning, refusal } of SNIPPETS) {
    it(`${kind}: as written on Starling it does what the modern form does on Envoy`, async () => {
      const theirs = await probed("envoy", kind, modern, port);
      assert.deepEqual(await probed("starling", kind, written, port), theirs);
      assert.deepEqual(theirs.flags, ["healthy"]);
    });

    it(`${kind}: what Starling warns of is what --compat envoy refuses in Envoy's words`, async () => {
      const path = join(folder, written);
      writeFileSync(path, goldenText(`envoy/${written}`));
      const kinder = await runProgram("validate", path);
      assert.equal(kinder.code, 0);
      assert.match(kinder.err.trim(), warning);
      const strict = await runProgram("validate", path, "--compat", "envoy");
      assert.equal(strict.code, refusal === "" ? 0 : 1);
      assert.ok(strict.err.includes(refusal), strict.err);
    });
  }
});

/** What a program's first probe was, and what its admin pages say after it. */
async function probed(program: Program, kind: SnippetKind, file: string, port: number) {
  const ports = new PortMap();
  await ports.take(port, ADMIN);
  const backend = await snippetBackend(kind, ports.get(port));
  const admin = `admin: { address: { socket_address: { address: 127.0.0.1, port_value: ${ports.get(ADMIN)} } } }\n`;
  const proxy = await LiveProxy.start(program, admin + ports.apply(goldenText(`envoy/${file}`)), ports.get(ADMIN));
  const page = async (path: string): Promise<string> =>
    (await fetch(`http://127.0.0.1:${ports.get(ADMIN)}${path}`)).text();
  try {
    await eventually(async () => (await page("/stats?filter=health_check")).includes(".success: 1"));
    return {
      probe: ports.hide((await backend.firstProbe).join("\n"), [port]),
      flags: [...(await page("/clusters")).matchAll(/health_flags::(\S+)/g)].map(([, flags]) => flags),
      stats: await page("/stats?filter=health_check"),
    };
  } finally {
    await proxy.stop();
    await backend.stop();
  }
}

const ADMIN = 21299;
