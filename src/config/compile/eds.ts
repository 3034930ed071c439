// Endpoint discovery that this node serves, from flags and variables over the bootstrap's starling.mesh.v1.Mesh extension. Called by mesh.ts.
import { parseIp } from "../../base/ip-address.ts";
import type { EdsPlan, EdsTlsPlan } from "../plan/eds.ts";
import type { MeshSettings, SettingName } from "./mesh-settings.ts";
import { checkTlsFiles, type TlsFileNames } from "./tls-files.ts";

/** Null without the role. Away from loopback it is served only where an address is given: whoever reaches it reads the endpoints. */
export function compileEds(settings: MeshSettings, hasRole: boolean): EdsPlan | null {
  if (!hasRole) {
    for (const name of [LISTEN, ...Object.values(TLS)]) {
      settings.warn(name, "is not used: this node has no role eds (--roles)");
    }
    return null;
  }
  const text = settings.text(LISTEN);
  const { host = "", port = "" } = ADDRESS.exec(text === "" ? DEFAULT : text)?.groups ?? {};
  const plain = host.replace(/^\[|\]$/g, "");
  if (parseIp(plain) === null || Number(port) > PORT_MAX) {
    settings.error(LISTEN, `'${text}' is no address: wants IP:PORT, as ${DEFAULT} or [::1]:18001`);
  }
  return { listen: { kind: "socket", host: plain, port: Number(port), ipv4Compat: false }, tls: compileTls(settings) };
}

function compileTls(settings: MeshSettings): EdsTlsPlan | null {
  const { authority, certificate, key } = TLS;
  checkTlsFiles(settings, TLS);
  if (settings.has(authority) && !settings.has(certificate)) {
    settings.error(authority, `goes with --${certificate.flag} (${certificate.field})`);
  }
  if (!settings.has(certificate)) return null;
  const fileOf = (name: SettingName): string => settings.text(name);
  return { certFile: fileOf(certificate), keyFile: fileOf(key), caFile: fileOf(authority) };
}

const TLS: TlsFileNames = {
  authority: { flag: "eds-ca", field: "eds_ca_file" },
  certificate: { flag: "eds-cert", field: "eds_cert_file" },
  key: { flag: "eds-key", field: "eds_key_file" },
};
const LISTEN: SettingName = { flag: "eds-listen", field: "eds_listen" };
const ADDRESS = /^(?<host>\[[0-9a-fA-F:.]+\]|[0-9.]+):(?<port>\d{1,5})$/;
const DEFAULT = "127.0.0.1:18001";
const PORT_MAX = 65_535;
