// What a node announces to the mesh, and the rules that announced endpoints obey wherever they come from: the file, the command line
// or another node. Plain data and one check.
import { ipText, parseIp } from "../../base/ip-address.ts";
import type { LocalityPlan } from "./cluster.ts";

/** One endpoint that a node announces. */
export interface AnnouncedEndpoint {
  /** An IP address in its shortest form; never a name. */
  readonly host: string;
  readonly port: number;
  /** Default 1. */
  readonly weight: number;
  readonly locality: LocalityPlan;
  /** As an endpoint's filter_metadata. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A cluster whose endpoints are announced. */
export interface AnnouncedCluster {
  readonly cluster: string;
  readonly service: string;
}

/** All that a node announces for one service. */
export interface AnnouncementPlan {
  readonly service: string;
  readonly endpoints: readonly AnnouncedEndpoint[];
}

/** The address in its shortest form, so that one endpoint has one name; an Error says why it is none that others can connect to. */
export function announcedHost(text: string): string | Error {
  const bytes = parseIp(text);
  if (bytes === null) return new Error("an announced address is an IP address, not a name");
  if (bytes.every((byte) => byte === 0)) return new Error("nobody can connect to an unspecified address");
  if (
    bytes.length === 4
      ? bytes[0] === 169 && bytes[1] === 254
      : bytes[0] === 0xfe && ((bytes[1] as number) & 0xc0) === 0x80
  ) {
    return new Error("a link-local address means another host on each machine");
  }
  const isGroup = bytes.length === 4 ? (bytes[0] as number) >= 224 : bytes[0] === 0xff;
  return isGroup ? new Error("nobody can connect to a multicast or reserved address") : ipText(bytes);
}

/** What is wrong with a loopback address where others are on other machines. */
export const LOOPBACK_AFAR = "nodes on other machines would dial themselves: announce an address that they can reach";

/** Key of an announced endpoint's metadata that says who announced it (`source`) and since when (`since_ms`, wall-clock): ours alone. */
export const SOURCE_METADATA = "starling.mesh";

/** Endpoints of one node for one service. With the other limits an announcement stays well below a message's 64 KiB. */
export const ANNOUNCED_ENDPOINTS_MAX = 32;

/** Services that one node announces. */
export const ANNOUNCED_SERVICES_MAX = 64;

/** Bytes of an endpoint's metadata as JSON. */
export const ANNOUNCED_METADATA_BYTES_MAX = 1_024;

/** Bytes of a service's or node's name, and of a part of a locality. */
export const ANNOUNCED_NAME_BYTES_MAX = 255;

/** A greater weight would leave nothing to others. */
export const ANNOUNCED_WEIGHT_MAX = 65_535;
