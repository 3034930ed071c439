// How each measured proxy is configured and started. All serve the same row: same upstream, same load, one worker unless the row has two.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PeerName, Workload } from "./workloads.ts";

/** Where a peer listens, what it forwards to, and where its files go. */
export interface Place {
  readonly listen: number;
  readonly admin: number;
  readonly upstream: number;
  readonly folder: string;
}

const HERE = dirname(fileURLToPath(import.meta.url));
const PROGRAM = join(HERE, "../../src/starling.mjs");

/** The command that starts a peer for a row; writes its configuration into the folder. `nodeFlags` are for Starling. */
export function commandOf(peer: PeerName, row: Workload, place: Place, nodeFlags: readonly string[] = []): string[] {
  const cert = join(place.folder, "cert.pem");
  const key = join(place.folder, "key.pem");
  const nodeArguments = [String(place.listen), String(place.upstream), ...(row.tls ? [cert, key] : [])];
  switch (peer) {
    case "starling":
      return [process.execPath, ...nodeFlags, PROGRAM, ...envoyFlags(row, place)];
    case "envoy":
      return ["envoy", ...envoyFlags(row, place), "--disable-hot-restart"];
    case "nginx":
      return ["nginx", "-c", nginxFile(row, place, cert, key), "-e", join(place.folder, "nginx-error.log")];
    case "haproxy":
      return ["haproxy", "-db", "-f", haproxyFile(row, place)];
    case "node-http":
      return [process.execPath, join(HERE, "node-http-proxy.mjs"), ...nodeArguments];
    case "http2-proxy":
      return [process.execPath, join(HERE, "http2-proxy.mjs"), ...nodeArguments];
  }
}

/** Version line of a peer, null when it is not installed. */
export function versionOf(peer: PeerName): string | null {
  const commands: Record<PeerName, string[]> = {
    starling: [
      process.execPath,
      "-p",
      "JSON.parse(require('fs').readFileSync('package.json')).version + ' on Node ' + process.version",
    ],
    envoy: ["envoy", "--version"],
    nginx: ["sh", "-c", "nginx -v 2>&1"],
    haproxy: ["haproxy", "-v"],
    "node-http": [process.execPath, "--version"],
    "http2-proxy": [process.execPath, "-p", "require('./node_modules/http2-proxy/package.json').version"],
  };
  try {
    const [command = "", ...args] = commands[peer];
    const text = execFileSync(command, args, { encoding: "utf8", cwd: join(HERE, "../..") }).trim();
    return (text.split("\n").find((line) => line !== "") ?? "").replace(/ - https:.*/, "").trim();
  } catch {
    return null;
  }
}

/** Fills `@NAME@` words of a template into a file of the folder. */
export function fill(template: string, folder: string, values: Readonly<Record<string, string | number>>): string {
  const text = readFileSync(join(HERE, "config", template), "utf8").replaceAll(/@(\w+)@/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${template}: no value for @${name}@`);
    return String(value);
  });
  const file = join(folder, template);
  writeFileSync(file, text);
  return file;
}

/** Those that Starling takes as well. */
function envoyFlags(row: Workload, place: Place): string[] {
  return ["-c", frontFile(row, place), "--concurrency", String(row.workers), "-l", "error"];
}

function frontFile(row: Workload, place: Place): string {
  const options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  const http2 = {
    [options]: { "@type": `type.googleapis.com/${options}`, explicit_http_config: { http2_protocol_options: {} } },
  };
  const certificate = {
    certificate_chain: { filename: join(place.folder, "cert.pem") },
    private_key: { filename: join(place.folder, "key.pem") },
  };
  const tls = {
    name: "tls",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
      common_tls_context: {
        ...(row.protocol === "http2" ? { alpn_protocols: ["h2"] } : {}),
        tls_certificates: [certificate],
      },
    },
  };
  return fill(row.mode === "tcp" ? "front-tcp.yaml" : "front.yaml", place.folder, {
    LISTEN: place.listen,
    UPSTREAM: place.upstream,
    ADMIN: place.admin,
    TLS: row.tls ? `transport_socket: ${JSON.stringify(tls)}` : "",
    UPSTREAM_PROTOCOL: row.upstream === "http2" ? `typed_extension_protocol_options: ${JSON.stringify(http2)}` : "",
  });
}

function nginxFile(row: Workload, place: Place, cert: string, key: string): string {
  return fill("nginx.conf", place.folder, {
    DIR: place.folder,
    LISTEN: place.listen,
    UPSTREAM: place.upstream,
    LISTEN_OPTIONS: [row.tls ? "ssl" : "", row.protocol === "http2" ? "http2" : ""].join(" "),
    TLS: row.tls ? `ssl_certificate ${cert}; ssl_certificate_key ${key};` : "",
  });
}

function haproxyFile(row: Workload, place: Place): string {
  execFileSync("sh", ["-c", `cat ${place.folder}/cert.pem ${place.folder}/key.pem > ${place.folder}/both.pem`]);
  const alpn = row.protocol === "http2" ? "alpn h2" : "";
  return fill("haproxy.cfg", place.folder, {
    MODE: row.mode,
    REUSE: row.mode === "http" ? "http-reuse always" : "",
    LISTEN: place.listen,
    UPSTREAM: place.upstream,
    BIND_OPTIONS: row.tls ? `ssl crt ${place.folder}/both.pem ${alpn}` : row.protocol === "http2" ? "proto h2" : "",
    SERVER_OPTIONS: row.upstream === "http2" ? "proto h2" : "",
  });
}
