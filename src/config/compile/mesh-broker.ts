// How a node reaches the broker of its mesh: addresses, TLS, and who it says it is. Away from this machine neither cleartext nor a
// nameless client is taken, because whoever reaches the broker can speak for endpoints. Called by mesh.ts.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { didYouMean } from "../../base/did-you-mean.ts";
import { parseIp } from "../../base/ip-address.ts";
import type { BrokerIdentity, BrokerPlan, BrokerTlsPlan } from "../plan/mesh.ts";
import type { MeshSettings, SettingName } from "./mesh-settings.ts";

/** Where the broker is. */
export const SERVERS: SettingName = { flag: "mesh", field: "servers" };

/** The broker; null when none is named, and after an error was said. */
export function compileBroker(settings: MeshSettings): BrokerPlan | null {
  const urls = settings.list(SERVERS);
  if (urls.length === 0) {
    warnOfUnused(settings, "is not used: no mesh is named (--mesh)");
    return null;
  }
  const embedded = urls.map((url) => EMBEDDED_URL.exec(url)).find((found) => found !== null);
  if (embedded !== undefined) {
    if (urls.length > 1) settings.error(SERVERS, `${EMBEDDED} stands alone: name servers, or ${EMBEDDED}`);
    const port = Number(embedded[1] ?? EMBEDDED_PORT);
    if (!isPort(port)) settings.error(SERVERS, `${port} is no port: wants ${EMBEDDED} or ${EMBEDDED}:PORT`);
    warnOfUnused(settings, "is not used: the embedded broker is on this machine's loopback and knows no clients");
    return { kind: EMBEDDED, port };
  }
  if (urls.length > SERVERS_MAX) settings.error(SERVERS, `names ${urls.length} servers, more than ${SERVERS_MAX}`);
  const servers = urls.map((url) => parseServer(settings, url)).filter((server) => server !== null);
  const identity = compileIdentity(settings);
  const tls = compileTls(
    settings,
    servers.some(({ isTls }) => isTls),
  );
  const far = servers.find(({ host }) => !isLoopback(host));
  if (far !== undefined) demandProtection(settings, far, { hasTls: tls !== null, isNamed: identity?.kind !== "none" });
  if (identity === null || tls === undefined) return null;
  return { kind: "nats", servers: servers.map(({ host, port }) => `${host}:${port}`), tls, identity };
}

interface Server {
  readonly url: string;
  readonly isTls: boolean;
  /** IPv6 in brackets. */
  readonly host: string;
  readonly port: number;
}

function parseServer(settings: MeshSettings, url: string): Server | null {
  const { scheme, login, host = "", port = DEFAULT_PORT } = SERVER_URL.exec(url)?.groups ?? {};
  if (login !== undefined) {
    const says = "a name or password in a URL can be read by everybody on this machine";
    settings.error(SERVERS, `${says}: give ${NKEY_FLAG} or ${CREDENTIALS_FLAG} instead`);
    return null;
  }
  const isAddress = host.startsWith("[") ? parseIp(host.slice(1, -1)) !== null : host !== "";
  if (scheme !== undefined && isAddress && isPort(Number(port))) {
    return { url, isTls: scheme === "tls", host, port: Number(port) };
  }
  const wants = `wants nats://HOST:PORT, tls://HOST:PORT or ${EMBEDDED}`;
  settings.error(SERVERS, `'${url}' is no server: ${wants}${didYouMean(url, [EMBEDDED])}`);
  return null;
}

function isPort(port: number): boolean {
  return port > 0 && port <= 65_535;
}

function isLoopback(host: string): boolean {
  if (host.toLowerCase() === "localhost") return true;
  const bytes = parseIp(host.replace(/^\[|\]$/g, ""));
  if (bytes === null) return false;
  return bytes.length === 4 ? bytes[0] === 127 : bytes.every((byte, at) => byte === (at === 15 ? 1 : 0));
}

function demandProtection(
  settings: MeshSettings,
  { url, host, port }: Server,
  { hasTls, isNamed }: { readonly hasTls: boolean; readonly isNamed: boolean },
): void {
  const missing = [
    ...(hasTls ? [] : [`write tls://${host}:${port}`]),
    ...(isNamed ? [] : [`give ${NKEY_FLAG} or ${CREDENTIALS_FLAG}`]),
  ];
  if (missing.length === 0) return;
  settings.error(
    SERVERS,
    `${url} is not on this machine and would be open to anyone on the way: ${missing.join(", ")}`,
  );
}

/** Null after an error was said. A flag or variable of one kind wins over the file's of the other. */
function compileIdentity(settings: MeshSettings): BrokerIdentity | null {
  const given = [NKEY, CREDENTIALS].filter((name) => settings.has(name));
  const said = given.filter((name) => settings.isOverridden(name));
  const chosen = said.length > 0 ? said : given;
  if (chosen.length > 1) {
    settings.error(NKEY, `${settings.wordOf(NKEY)} and ${settings.wordOf(CREDENTIALS)} exclude each other`);
    return null;
  }
  for (const name of given) if (!chosen.includes(name)) settings.passOver(name);
  if (chosen.includes(NKEY)) return nkey(settings);
  return chosen.includes(CREDENTIALS) ? credentials(settings) : { kind: "none" };
}

function nkey(settings: MeshSettings): BrokerIdentity | null {
  const content = settings.content(NKEY);
  if (content === null) return null;
  const seed = SEED.exec(content)?.[0];
  if (seed !== undefined) return { kind: "nkey", seed };
  settings.error(NKEY, "holds no user seed: wants a line of 58 characters that begins with SU, as nk -gen user prints");
  return null;
}

function credentials(settings: MeshSettings): BrokerIdentity | null {
  const text = settings.content(CREDENTIALS);
  if (text === null) return null;
  if (JWT.test(text) && SEED.test(text)) return { kind: "credentials", text };
  settings.error(CREDENTIALS, "holds no credentials: wants a .creds file with a user's JWT and its nkey seed");
  return null;
}

/** Null: cleartext. Undefined after an error was said. */
function compileTls(settings: MeshSettings, isAsked: boolean): BrokerTlsPlan | null | undefined {
  const caPem = settings.content(CA);
  const chainPem = settings.content(CERTIFICATE);
  const keyPem = settings.content(KEY);
  if (caPem === null || chainPem === null || keyPem === null) return undefined;
  const pairs = [CERTIFICATE, KEY].filter((name) => settings.has(name));
  if (pairs.length === 1) {
    const [one, other] = settings.has(CERTIFICATE) ? [CERTIFICATE, KEY] : [KEY, CERTIFICATE];
    settings.error(one, `goes with --${other.flag} (${other.field})`);
    return undefined;
  }
  const isGood = [
    !settings.has(CA) || isReadable(settings, CA, "certificate", () => new X509Certificate(caPem)),
    pairs.length === 0 || isReadable(settings, CERTIFICATE, "certificate", () => new X509Certificate(chainPem)),
    pairs.length === 0 || isReadable(settings, KEY, "private key", () => createPrivateKey(keyPem)),
  ].every(Boolean);
  if (!isGood) return undefined;
  // Whoever names an authority or a certificate means TLS, whatever the scheme.
  const isWanted = isAsked || settings.has(CA) || pairs.length > 0;
  return isWanted ? { caPem, chainPem, keyPem } : null;
}

function isReadable(settings: MeshSettings, name: SettingName, what: string, parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    settings.error(name, `holds no ${what} in PEM form`);
    return false;
  }
}

function warnOfUnused(settings: MeshSettings, why: string): void {
  for (const name of [NKEY, CREDENTIALS, CA, CERTIFICATE, KEY]) if (settings.has(name)) settings.warn(name, why);
}

const EMBEDDED = "embedded";
const SERVERS_MAX = 64;
const DEFAULT_PORT = "4222";
/** Beside NATS's own, so that a real server on this machine is not in the way. */
const EMBEDDED_PORT = 14_222;
const EMBEDDED_URL = /^embedded(?::(\d{1,5}))?$/;
const SERVER_URL =
  /^(?<scheme>nats|tls):\/\/(?<login>[^@/]*@)?(?<host>\[[0-9a-f:.]+\]|[a-z0-9._-]{1,253})(?::(?<port>\d{1,5}))?\/?$/i;
const SEED = /\bSU[A-Z2-7]{56}\b/;
const JWT = /-----BEGIN NATS USER JWT-----\s+[\w.-]+\s+-+END NATS USER JWT-+/;
const NKEY: SettingName = { flag: "mesh-nkey", field: "nkey" };
const CREDENTIALS: SettingName = { flag: "mesh-credentials", field: "credentials" };
const CA: SettingName = { flag: "mesh-ca", field: "trusted_ca" };
const CERTIFICATE: SettingName = { flag: "mesh-cert", field: "certificate_chain" };
const KEY: SettingName = { flag: "mesh-key", field: "private_key" };
const NKEY_FLAG = "--mesh-nkey FILE";
const CREDENTIALS_FLAG = "--mesh-credentials FILE";
