// Which clients a validation context lets in, and what is counted of those that it does not, in the real Envoy and in Starling.
import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import { before, describe, it } from "mocha";
import { envoyInstalled, LiveProxy, PortMap, type Program } from "../support/live-proxy.ts";
import { answering, managerFilter } from "../support/proxy-file.ts";
import { untilOver } from "../support/raw-exchange.ts";
import { pem } from "../support/tls-plans.ts";

const ADMIN = 21501;
const TYPE = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
const CLIENTS = ["", "client", "fancy", "plain", "stranger"] as const;
const TRUST = { trusted_ca: { inline_string: pem("ca") } };
const FANCY = new X509Certificate(pem("fancy"));
const HASH = createHash("sha256").update(FANCY.raw).digest("hex");
const SPKI = createHash("sha256")
  .update(FANCY.publicKey.export({ type: "spki", format: "der" }))
  .digest("base64");
const OTHER_HASH = "00".repeat(32);

const san = (san_type: string, matcher: object): object => ({
  ...TRUST,
  match_typed_subject_alt_names: [{ san_type, matcher }],
});

/** Validation contexts. */
const CASES: Readonly<Record<string, object>> = {
  "an authority": TRUST,
  "a name in other letters": san("DNS", { exact: "A.Fancy.Example" }),
  "a name under a wildcard": san("DNS", { exact: "x.fancy.example" }),
  "a name two below a wildcard": san("DNS", { exact: "y.x.fancy.example" }),
  "a wildcard itself": san("DNS", { exact: "*.fancy.example" }),
  "a suffix of names": san("DNS", { suffix: ".example" }),
  "a suffix in other letters": san("DNS", { suffix: ".EXAMPLE" }),
  "a suffix in any letters": san("DNS", { suffix: ".EXAMPLE", ignore_case: true }),
  "a URI": san("URI", { exact: "spiffe://test/fancy" }),
  "a URI in other letters": san("URI", { exact: "spiffe://TEST/fancy" }),
  "a URI in any letters": san("URI", { exact: "spiffe://TEST/fancy", ignore_case: true }),
  "a URI by regex": san("URI", { safe_regex: { regex: "spiffe://.*" } }),
  "an address of mail": san("EMAIL", { exact: "f@b.example" }),
  "an IP address": san("IP_ADDRESS", { exact: "10.0.0.7" }),
  "an IP address by prefix": san("IP_ADDRESS", { prefix: "10.0." }),
  "a name among the addresses": san("IP_ADDRESS", { exact: "a.fancy.example" }),
  "a hash": { ...TRUST, verify_certificate_hash: [OTHER_HASH, HASH] },
  "a hash without an authority": { verify_certificate_hash: [HASH] },
  "another hash": { ...TRUST, verify_certificate_hash: [OTHER_HASH] },
  "a key": { ...TRUST, verify_certificate_spki: [SPKI] },
  "another hash or a key": { ...TRUST, verify_certificate_hash: [OTHER_HASH], verify_certificate_spki: [SPKI] },
  "a wrong name and another hash": { ...san("DNS", { exact: "no" }), verify_certificate_hash: [OTHER_HASH] },
  "a depth of 0": { ...TRUST, max_verify_depth: 0 },
  "a depth of 1": { ...TRUST, max_verify_depth: 1 },
  "a depth of 2": { ...TRUST, max_verify_depth: 2 },
  "a depth of 3": { ...TRUST, max_verify_depth: 3 },
  "untrusted ones too": { ...TRUST, trust_chain_verification: "ACCEPT_UNTRUSTED" },
  "untrusted ones too, whatever their name": {
    ...san("DNS", { exact: "no" }),
    trust_chain_verification: "ACCEPT_UNTRUSTED",
  },
};
const NAMES = Object.keys(CASES);
const KINDS = [false, true];

describe("what is asked of client certificates, the real Envoy beside Starling", function () {
  this.timeout(120_000);
  let envoy: readonly string[];
  let starling: readonly string[];

  before(async function () {
    if (!envoyInstalled()) this.skip();
    envoy = await outcomes("envoy");
    starling = await outcomes("starling");
  });

  for (const [at, name] of NAMES.entries()) {
    it(`is the same: ${name}`, () => {
      assert.ok(envoy[at] !== undefined);
      assert.equal(starling[at], envoy[at]);
    });
  }

  it("counts every failure somewhere", () => {
    const all = starling.join("\n");
    for (const reason of ["san", "error", "no_cert", "cert_hash"])
      assert.ok(all.includes(`fail_verify_${reason}: `), all);
  });
});

/** Of each case: which clients were served where a certificate may and where it must be shown, and the counters. */
async function outcomes(program: Program): Promise<readonly string[]> {
  const ports = new PortMap();
  await ports.take(ADMIN, ...NAMES.flatMap((_, at) => KINDS.map((_, kind) => portOf(at, kind))));
  const proxy = await LiveProxy.start(program, ports.apply(file()), ports.get(ADMIN));
  try {
    const served = await Promise.all(
      NAMES.map((_, at) =>
        Promise.all(KINDS.flatMap((_, kind) => CLIENTS.map((client) => visit(ports.get(portOf(at, kind)), client)))),
      ),
    );
    await untilOver(
      ports.get(ADMIN),
      NAMES.map((_, at) => `l${at}`),
      KINDS.length * CLIENTS.length,
    );
    const stats = await (await fetch(`http://127.0.0.1:${ports.get(ADMIN)}/stats?filter=ssl%5C.`)).text();
    return served.map((texts, at) => {
      const lines = stats.split("\n").filter((line) => line.startsWith(`listener.l${at}.ssl.`) && COUNTED.test(line));
      return [...texts, ...lines].join("\n");
    });
  } finally {
    await proxy.stop();
  }
}

function visit(port: number, client: (typeof CLIENTS)[number]): Promise<string> {
  return new Promise((resolve) => {
    const identity = client === "" ? {} : { cert: pem(client), key: pem(`${client}.key`) };
    const socket = connect({ host: "127.0.0.1", port, ca: pem("ca"), servername: "gate.example", ...identity });
    let got = "";
    socket.on("secureConnect", () => socket.write("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"));
    socket.on("data", (bytes: Buffer) => {
      got += bytes.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(`${client}: ${/served$/.exec(got)?.[0] ?? "refused"}`));
  });
}

function file(): string {
  const filters = [managerFilter({ route_config: answering("served") })];
  const tls_certificates = [
    { certificate_chain: { inline_string: pem("gate") }, private_key: { inline_string: pem("gate.key") } },
  ];
  const listeners = Object.values(CASES).flatMap((validation_context, at) =>
    KINDS.map((require_client_certificate, kind) => {
      const common_tls_context = { tls_certificates, validation_context };
      const tls = { "@type": TYPE, require_client_certificate, common_tls_context };
      return {
        name: `l${at} ${kind}`,
        // Both kinds count into one.
        stat_prefix: `l${at}`,
        address: address(portOf(at, kind)),
        filter_chains: [{ filters, transport_socket: { name: "tls", typed_config: tls } }],
      };
    }),
  );
  const text = JSON.stringify({ admin: { address: address(ADMIN) }, static_resources: { listeners } });
  return text.replaceAll('"port_value":', "port_value: ");
}

function portOf(at: number, kind: number): number {
  return 21510 + 2 * at + kind;
}

function address(port_value: number): object {
  return { socket_address: { address: "127.0.0.1", port_value } };
}

const COUNTED = /\.(fail_verify_\w+|handshake|no_certificate): [1-9]/;
