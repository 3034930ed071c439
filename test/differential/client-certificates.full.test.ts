// x-forwarded-client-cert as the upstream gets it from the real Envoy and from Starling: five modes, all details, clients with and
// without certificates, HTTP/1, HTTP/2 and cleartext.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import http2 from "node:http2";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { before, describe, it } from "mocha";
import { envoyInstalled, LiveProxy, PortMap, type Program } from "../support/live-proxy.ts";
import { managerFilter } from "../support/proxy-file.ts";
import { RecordingUpstream } from "../support/recording-upstream.ts";
import { pem } from "../support/tls-plans.ts";

const ADMIN = 21501;
const TYPE = "type.googleapis.com/envoy.extensions";

/** What formats can say of the client's certificate. */
const PEER = [
  ...["%DOWNSTREAM_PEER_SUBJECT%", "%DOWNSTREAM_PEER_ISSUER%", "%DOWNSTREAM_PEER_SERIAL%", "%DOWNSTREAM_PEER_CERT%"],
  ...["%DOWNSTREAM_PEER_FINGERPRINT_256%", "%DOWNSTREAM_PEER_FINGERPRINT_1%", "%DOWNSTREAM_PEER_URI_SAN%"],
  ...["%DOWNSTREAM_PEER_DNS_SAN%", "%DOWNSTREAM_PEER_IP_SAN%", "%DOWNSTREAM_PEER_EMAIL_SAN%"],
  ...["%DOWNSTREAM_PEER_CERT_V_START%", "%DOWNSTREAM_PEER_CERT_V_END(%Y-%m-%d)%"],
];

/** A manager's fields. */
const MANAGERS: Readonly<Record<string, object>> = {
  "nothing said": {},
  "details without a mode": { set_current_client_cert_details: { subject: true, dns: true } },
  "forward only": { forward_client_cert_details: "FORWARD_ONLY", set_current_client_cert_details: { dns: true } },
  "always forward only": { forward_client_cert_details: "ALWAYS_FORWARD_ONLY" },
  "append, no details": { forward_client_cert_details: "APPEND_FORWARD" },
  "append, names": {
    forward_client_cert_details: "APPEND_FORWARD",
    set_current_client_cert_details: { subject: true, dns: true, uri: true },
  },
  "set, everything": {
    forward_client_cert_details: "SANITIZE_SET",
    set_current_client_cert_details: { subject: true, cert: true, chain: true, dns: true, uri: true, issuer: true },
  },
  "set, none": { forward_client_cert_details: "SANITIZE_SET", set_current_client_cert_details: { subject: false } },
};

/** The name of a client's certificate; `cleartext`, or empty for none. */
const CLIENTS = ["cleartext", "", "client", "plain", "fancy"] as const;
/** What the client itself says, in one or two fields. */
const SAYS = [[], ["By=x;Hash=00"], ["Hash=1", 'Subject="a,b"']] as const;

describe("x-forwarded-client-cert, the real Envoy beside Starling", function () {
  this.timeout(120_000);
  let envoy: ReadonlyMap<string, readonly string[]>;
  let starling: ReadonlyMap<string, readonly string[]>;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    envoy = await written("envoy");
    starling = await written("starling");
  });

  for (const name of Object.keys(MANAGERS)) {
    it(`is the same: ${name}`, () => {
      assert.equal(envoy.get(name)?.length, CLIENTS.length * SAYS.length * 2);
      assert.deepEqual(starling.get(name), envoy.get(name));
    });
  }

  it("holds what the certificates have", () => {
    const all = [...starling.values()].flat().join("\n");
    for (const part of [
      "By=spiffe://test/gate;By=spiffe://test/second;Hash=",
      "DNS=*.fancy.example",
      "URI=\n",
      "Chain=",
    ]) {
      assert.ok(all.includes(part), part);
    }
  });
});

/** The fields of each request, in the order of the cases. */
async function written(program: Program): Promise<Map<string, readonly string[]>> {
  const ports = new PortMap();
  const names = Object.keys(MANAGERS);
  await ports.take(ADMIN, ...names.flatMap((_, at) => [21510 + at, 21530 + at]));
  const upstream = await RecordingUpstream.start();
  const proxy = await LiveProxy.start(program, ports.apply(file(upstream.port)), ports.get(ADMIN));
  const found = new Map<string, readonly string[]>();
  try {
    for (const [at, name] of names.entries()) {
      const fields: string[] = [];
      for (const client of CLIENTS) {
        const port = ports.get((client === "cleartext" ? 21530 : 21510) + at);
        for (const says of SAYS) {
          for (const protocol of ["http/1.1", "h2"] as const) {
            await visit(port, { client, says, protocol });
            fields.push(`${client} ${protocol} ${says}: ${fieldOf(upstream)}`);
          }
        }
      }
      found.set(name, fields);
    }
    assert.deepEqual(upstream.violations, []);
    return found;
  } finally {
    await proxy.stop();
    await upstream.stop();
  }
}

/** Several fields of the name are as one of them all (RFC 9110 §5.3). */
function fieldOf(upstream: RecordingUpstream): string {
  const [request] = upstream.requests.splice(0);
  const lines = request?.lines.filter((line) => /^x-forwarded-client-cert:/i.test(line)) ?? ["no request"];
  const peer = request?.lines.find((line) => /^x-peer:/i.test(line)) ?? "";
  return `${peer} ${lines.map((line) => line.slice(line.indexOf(":") + 2)).join(",")}`;
}

interface Visit {
  readonly client: (typeof CLIENTS)[number];
  readonly says: readonly string[];
  readonly protocol: "http/1.1" | "h2";
}

async function visit(port: number, { client, says, protocol }: Visit): Promise<void> {
  const host = "127.0.0.1";
  const hasOne = client !== "" && client !== "cleartext";
  const identity = hasOne ? { cert: pem(client), key: pem(`${client}.key`) } : {};
  const tls = { host, port, servername: "gate.example", ca: pem("ca"), ALPNProtocols: [protocol], ...identity };
  const socket: Socket = client === "cleartext" ? connect(port, host) : connectTls(tls);
  await once(socket, client === "cleartext" ? "connect" : "secureConnect");
  const headers = says.length === 0 ? {} : { "x-forwarded-client-cert": [...says] };
  if (protocol === "h2") {
    const session = http2.connect("http://gate.example", { createConnection: () => socket });
    const stream = session.request({ ":path": "/", ...headers });
    stream.resume();
    await once(stream, "close");
    session.destroy();
    return;
  }
  const call = request({ createConnection: () => socket, headers: { host: "gate.example", ...headers } }).end();
  const [answer] = (await once(call, "response")) as [IncomingMessage];
  answer.resume();
  await once(answer, "end");
  socket.destroy();
}

function file(upstreamPort: number): string {
  const routes = [{ match: { prefix: "/" }, route: { cluster: "up" } }];
  const request_headers_to_add = [{ header: { key: "x-peer", value: PEER.join(" | ") } }];
  const route_config = { virtual_hosts: [{ name: "all", domains: ["*"], routes, request_headers_to_add }] };
  const tls = {
    "@type": `${TYPE}.transport_sockets.tls.v3.DownstreamTlsContext`,
    common_tls_context: {
      tls_certificates: [
        { certificate_chain: { inline_string: pem("gate") }, private_key: { inline_string: pem("gate.key") } },
      ],
      validation_context: { trusted_ca: { inline_string: pem("ca") } },
      alpn_protocols: ["h2", "http/1.1"],
    },
  };
  const listeners = Object.values(MANAGERS).flatMap((fields, at) => {
    const filters = [managerFilter({ route_config, ...fields })];
    const chain = { filters, transport_socket: { name: "tls", typed_config: tls } };
    return [
      { name: `tls${at}`, address: address(21510 + at), filter_chains: [chain] },
      { name: `clear${at}`, address: address(21530 + at), filter_chains: [{ filters }] },
    ];
  });
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: address(upstreamPort) } }] }];
  const clusters = [{ name: "up", load_assignment: { cluster_name: "up", endpoints } }];
  // PortMap.apply knows ports as YAML writes them.
  return JSON.stringify({ admin: { address: address(ADMIN) }, static_resources: { listeners, clusters } }).replaceAll(
    '"port_value":',
    "port_value: ",
  );
}

function address(port_value: number): object {
  return { socket_address: { address: "127.0.0.1", port_value } };
}
