// Endpoints that speak TLS, for probes.full.test.ts: certificates, handshakes that come to nothing, and the protocol agreed on.
import { createServer as createClearServer, type Socket } from "node:net";
import { createServer, type TlsOptions } from "node:tls";
import { fileURLToPath } from "node:url";
import { pem } from "../support/tls-plans.ts";
import type { ProbeCase } from "./probe-cases.ts";

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const UPSTREAM_TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
const CA = fileURLToPath(new URL("../support/certs/ca.pem", import.meta.url));

/** A server that records what was agreed on and the first bytes that it is told, and answers over HTTP/1. */
const serves =
  (options: TlsOptions = {}): ProbeCase["opens"] =>
  (bench) => {
    const server = createServer({ cert: pem("front"), key: pem("front.key"), ...options });
    const opened = bench.serving(server);
    server.on("tlsClientError", () => {});
    server.on("secureConnection", (socket) => {
      socket.on("error", () => {});
      socket.on("data", async (bytes: Buffer) => {
        const { requests } = await opened;
        requests.push(`${socket.servername} ${socket.alpnProtocol} ${bytes.toString("latin1", 0, 3)}`);
        socket.write(OK);
      });
    });
    return opened;
  };

/** An endpoint that speaks no TLS; what it is told is not recorded. */
const answers =
  (act: (socket: Socket) => void): ProbeCase["opens"] =>
  (bench) =>
    bench.serving(createClearServer((socket) => socket.on("data", () => act(socket))));

/** A check of a cluster with TLS that trusts the test CA and offers these protocols. */
const tls = (
  alpn: readonly string[],
  http: Readonly<Record<string, unknown>> = {},
  check: Readonly<Record<string, unknown>> = {},
): Pick<ProbeCase, "check" | "cluster"> => ({
  check: { http_health_check: { path: "/livez", ...http }, ...check },
  cluster: {
    transport_socket: {
      name: "tls",
      typed_config: {
        "@type": UPSTREAM_TLS,
        sni: "front.example",
        common_tls_context: {
          alpn_protocols: alpn,
          validation_context: { trusted_ca: { filename: CA } },
        },
      },
    },
  },
});

const ALPN = { use_alpn_protocol: true };
const NAMES: readonly string[] = ["h2", "http/1.1"];
const both = (protocol: string): TlsOptions => ({ ALPNProtocols: [protocol] });

/** All of them. */
export const TLS_PROBE_CASES: readonly ProbeCase[] = [
  { name: "TLS", ...tls(["http/1.1"]), opens: serves(both("http/1.1")) },
  { name: "TLS without ALPN on the other side", ...tls(["http/1.1"]), opens: serves() },
  {
    name: "TLS with an own word on ALPN",
    ...tls(["http/1.1"], {}, { tls_options: { alpn_protocols: ["hc"] } }),
    opens: serves(both("hc")),
  },
  {
    name: "TLS and a certificate that nobody trusts",
    ...tls(["http/1.1"]),
    opens: serves({ cert: pem("stranger"), key: pem("stranger.key") }),
    isUnasked: true,
  },
  {
    name: "TLS spoken to an endpoint that speaks in clear",
    ...tls([]),
    opens: answers((socket) => socket.write(OK)),
    isUnasked: true,
  },
  {
    name: "TLS and no answer to the first message",
    ...tls([]),
    opens: answers(() => {}),
    isUnasked: true,
    isSilent: true,
  },
  { name: "h2 agreed on where the check asks", ...tls(NAMES, ALPN), opens: serves(both("h2")) },
  { name: "http/1.1 agreed on where the check asks", ...tls(NAMES, ALPN), opens: serves(both("http/1.1")) },
  { name: "nothing agreed on where the check asks", ...tls(NAMES, ALPN), opens: serves() },
  {
    name: "nothing agreed on where the check asks and names HTTP/2",
    ...tls(NAMES, { ...ALPN, codec_client_type: "HTTP2" }),
    opens: serves(),
  },
  {
    name: "an endpoint that would rather speak h2",
    ...tls(NAMES),
    opens: serves({ ALPNProtocols: [...NAMES] }),
    differs: "h2 is not offered by a probe that speaks HTTP/1, lest the endpoint choose it",
  },
];
