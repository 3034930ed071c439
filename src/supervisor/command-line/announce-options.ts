// Turns the flags of `starling announce` into what it announces. What they say of the mesh is read as for a node.
import {
  ANNOUNCED_NAME_BYTES_MAX,
  ANNOUNCED_WEIGHT_MAX,
  type AnnouncedEndpoint,
  type AnnouncementPlan,
  announcedHost,
} from "../../config/plan/announcement.ts";
import type { LocalityPlan } from "../../config/plan/cluster.ts";
import { BROKER_FLAGS, COMMON_FLAGS, type FlagSpec, MESH_FLAGS } from "./flags.ts";
import type { ParsedFlags } from "./parse-flags.ts";

/** Where a flag of the mesh means something else than for a node. */
const HELP: Readonly<Record<string, string>> = {
  mesh: "nats://HOST:PORT or tls://HOST:PORT, with commas between several, or embedded[:PORT] (default embedded)",
  "mesh-node": "this process's name in the mesh; by default the service, ~ and four random characters",
};

/** The flags of `starling announce`. */
export const ANNOUNCE_FLAGS: readonly FlagSpec[] = [
  { name: "service", short: "", kind: "text", help: "the service_name that mesh clusters take their endpoints from" },
  { name: "address", short: "", kind: "text", help: "where the service listens: IP:PORT or [IPv6]:PORT, never a name" },
  { name: "weight", short: "", kind: "count", help: "its share of requests beside other endpoints, default 1" },
  { name: "locality", short: "", kind: "text", help: "region/zone/sub_zone; parts may be empty" },
  ...MESH_FLAGS.filter((flag) => BROKER_FLAGS.includes(flag) || flag.name === "mesh-node").map((flag) => ({
    ...flag,
    help: HELP[flag.name] ?? flag.help,
  })),
  ...COMMON_FLAGS,
];

/** What to announce; or every mistake as one line. */
export function announceOptions(flags: ParsedFlags): AnnouncementPlan | readonly string[] {
  const errors: string[] = [];
  const value = (name: string): string => flags.values.get(name) ?? "";
  const service = value("service");
  if (service === "") errors.push("--service is missing: the service_name of the clusters that are to use it");
  if (Buffer.byteLength(service) > ANNOUNCED_NAME_BYTES_MAX) {
    errors.push(`--service has more than ${ANNOUNCED_NAME_BYTES_MAX} bytes`);
  }
  const address = readAddress(value("address"));
  const locality = readLocality(value("locality"));
  for (const read of [address, locality]) if (read instanceof Error) errors.push(read.message);
  const weight = Number(flags.values.get("weight") ?? 1);
  if (weight < 1 || weight > ANNOUNCED_WEIGHT_MAX) errors.push(`--weight is 1 to ${ANNOUNCED_WEIGHT_MAX}`);
  if (errors.length > 0 || address instanceof Error || locality instanceof Error) return errors;
  return { service, endpoints: [{ ...address, weight, locality, metadata: {} }] };
}

function readAddress(text: string): Pick<AnnouncedEndpoint, "host" | "port"> | Error {
  if (text === "") return new Error("--address is missing: the IP:PORT where the service listens");
  const [, bracketed, plain, digits = ""] = ADDRESS.exec(text) ?? [];
  const port = Number(digits);
  if (port < 1 || port > 65_535) return new Error(`--address '${text}' is not IP:PORT with a port of 1 to 65535`);
  const host = announcedHost(bracketed ?? plain ?? "");
  return host instanceof Error ? new Error(`--address '${text}': ${host.message}`) : { host, port };
}

function readLocality(text: string): LocalityPlan | Error {
  const [region = "", zone = "", subZone = "", ...more] = text.split("/");
  if (more.length > 0) return new Error(`--locality '${text}' is not region/zone/sub_zone`);
  if (Buffer.byteLength(text) <= ANNOUNCED_NAME_BYTES_MAX) return { region, zone, subZone };
  return new Error(`--locality has more than ${ANNOUNCED_NAME_BYTES_MAX} bytes`);
}

const ADDRESS = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,9})$/;
