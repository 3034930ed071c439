// Where the location of an upstream's redirect leads, for redirects that are followed here. Reads what Envoy 1.40 reads: an absolute URL
// in visible ASCII with a host; nothing relative. Called by the exchange's internal redirects.
import { parseIp } from "../../base/ip-address.ts";

/** The parts of a location. */
export interface RedirectTarget {
  readonly scheme: string;
  /** Host and port as they are written, without user information. */
  readonly authority: string;
  /** Path with query, without fragment; `/` when there is neither. */
  readonly path: string;
}

/** Reads a location; null: nothing that can be followed. */
export function redirectTarget(location: string): RedirectTarget | null {
  const found = ABSOLUTE.exec(location);
  if (found === null) return null;
  const [, scheme = "", bracketed, named, port = "", rest = ""] = found;
  if (bracketed !== undefined && parseIp(bracketed)?.length !== 16) return null;
  if (port !== "" && Number(port.slice(1)) > 65_535) return null;
  const host = bracketed === undefined ? named : `[${bracketed}]`;
  const path = rest.split("#", 1)[0] as string;
  return { scheme, authority: `${host}${port}`, path: path === "" ? "/" : path };
}

/** Scheme, user information, host, port, and what follows them; a fragment wants a path or a query before it. */
const ABSOLUTE =
  /^([a-z][a-z0-9+.-]*):\/\/(?:[\w.!~*'()%;:&=+$,-]*@)?(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))(:\d+)?((?:[/?][\x21-\x7e]*)?)$/i;
