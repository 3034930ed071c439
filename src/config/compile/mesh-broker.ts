// How a node reaches the broker of its mesh: addresses, TLS, and who it says it is. Away from this machine neither cleartext nor a
// nameless client is taken, because whoever reaches the broker can speak for endpoints. Called by mesh.ts.
import { didYouMean } from "../../base/did-you-mean.ts";
import { isLoopback, parseIp } from "../../base/ip-address.ts";
import type { BrokerPlan } from "../plan/mesh.ts";
import type { MeshSettings, SettingName } from "./mesh-settings.ts";
import { checkTlsFiles } from "./tls-files.ts";

/** Where the broker is. */
export const SERVERS: SettingName = { flag: "mesh", field: "servers" };

/** The broker; null when none is named. */
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
  const identity = chooseIdentity(settings);
  checkTlsFiles(settings, { authority: CA, certificate: CERTIFICATE, key: KEY });
  // Whoever names an authority or a certificate means TLS, whatever the scheme.
  const hasTls = servers.some(({ isTls }) => isTls) || [CA, CERTIFICATE, KEY].some((name) => settings.has(name));
  const far = servers.find(({ host }) => !isLoopback(host));
  if (far !== undefined) demandProtection(settings, far, { hasTls, isNamed: identity !== null });
  const fileOf = (name: SettingName): string | null => settings.text(name) || null;
  const [nkey, credentials] = [fileOf(NKEY), fileOf(CREDENTIALS)];
  return {
    kind: "nats",
    servers: servers.map(({ host, port }) => `${hasTls ? "tls" : "nats"}://${host}:${port}`),
    caFile: fileOf(CA),
    certFile: fileOf(CERTIFICATE),
    keyFile: fileOf(KEY),
    nkeySeedFile: identity === NKEY ? nkey : null,
    credentialsFile: identity === CREDENTIALS ? credentials : null,
  };
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

/** Which of the two names the node; null: none does. A flag or variable of one kind wins over the file's of the other. */
function chooseIdentity(settings: MeshSettings): SettingName | null {
  const given = [NKEY, CREDENTIALS].filter((name) => settings.has(name));
  const said = given.filter((name) => settings.isOverridden(name));
  const [chosen, another] = said.length > 0 ? said : given;
  if (another !== undefined) {
    settings.error(NKEY, `${settings.wordOf(NKEY)} and ${settings.wordOf(CREDENTIALS)} exclude each other`);
  } else if (chosen !== undefined) checkIdentity(settings, chosen);
  return chosen ?? null;
}

function checkIdentity(settings: MeshSettings, name: SettingName): void {
  const content = settings.content(name);
  if (content === null) return;
  if (name === NKEY && !SEED.test(content)) {
    const wants = "wants a line of 58 characters that begins with SU, as nk -gen user prints";
    settings.error(name, `holds no user seed: ${wants}`);
  }
  if (name === CREDENTIALS && !(JWT.test(content) && SEED.test(content))) {
    settings.error(name, "holds no credentials: wants a .creds file with a user's JWT and its nkey seed");
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
const NKEY: SettingName = { flag: "mesh-nkey", field: "nkey_file" };
const CREDENTIALS: SettingName = { flag: "mesh-credentials", field: "credentials_file" };
const CA: SettingName = { flag: "mesh-ca", field: "ca_file" };
const CERTIFICATE: SettingName = { flag: "mesh-cert", field: "cert_file" };
const KEY: SettingName = { flag: "mesh-key", field: "key_file" };
const NKEY_FLAG = "--mesh-nkey FILE";
const CREDENTIALS_FLAG = "--mesh-credentials FILE";
