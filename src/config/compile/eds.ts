// Endpoint discovery that this node serves, from flags and variables over the bootstrap's starling.mesh.v1.Mesh extension. Called by mesh.ts.
import { parseIp } from "../../base/ip-address.ts";
import type { EdsPlan } from "../plan/eds.ts";
import type { MeshSettings, SettingName } from "./mesh-settings.ts";

/** Null without the role. Away from loopback it is served only where an address is given: whoever reaches it reads the endpoints. */
export function compileEds(settings: MeshSettings, hasRole: boolean): EdsPlan | null {
  if (!hasRole) {
    settings.warn(LISTEN, "is not used: this node has no role eds (--roles)");
    return null;
  }
  const text = settings.text(LISTEN);
  const { host = "", port = "" } = ADDRESS.exec(text === "" ? DEFAULT : text)?.groups ?? {};
  const plain = host.replace(/^\[|\]$/g, "");
  if (parseIp(plain) === null || Number(port) > PORT_MAX) {
    settings.error(LISTEN, `'${text}' is no address: wants IP:PORT, as ${DEFAULT} or [::1]:18001`);
  }
  return { listen: { kind: "socket", host: plain, port: Number(port), ipv4Compat: false } };
}

const LISTEN: SettingName = { flag: "eds-listen", field: "eds_listen" };
const ADDRESS = /^(?<host>\[[0-9a-fA-F:.]+\]|[0-9.]+):(?<port>\d{1,5})$/;
const DEFAULT = "127.0.0.1:18001";
const PORT_MAX = 65_535;
