// What a command that is no node needs to be heard in a mesh: which mesh its flags and variables name, and how to reach its broker.
import { formatDiagnostic } from "../../config/load/format-diagnostic.ts";
import type { MeshPlan } from "../../config/plan/mesh.ts";
import type { BusConnection } from "../../control/mesh/bus/connection.ts";
import { loadConfiguration } from "./load-configuration.ts";
import type { ParsedFlags } from "./parse-flags.ts";
import { serveOptions } from "./serve-options.ts";

/** The mesh that flags and variables name, else the embedded one; or what is wrong with them. */
export function meshOf(
  flags: ParsedFlags,
  environment: Readonly<Record<string, string | undefined>>,
): MeshPlan | readonly string[] {
  const values = new Map([...flags.values, ["config-yaml", "{}"]]);
  if (!values.has("mesh") && !environment["STARLING_MESH"]) values.set("mesh", "embedded");
  const result = serveOptions({ ...flags, values }, environment);
  if (!result.ok) return result.errors;
  const configuration = loadConfiguration(result.options);
  if (!configuration.ok) return configuration.errors.map(formatDiagnostic);
  return configuration.plan.mesh ?? ["no mesh is named: --mesh"];
}

/** A client of the broker, of the embedded one too: it never serves. `name`: for those who look at the broker. */
export function clientConnection({ broker }: MeshPlan, name: string): BusConnection {
  if (broker.kind === "nats") return { ...broker, name, serverName: null };
  const files = { caFile: null, certFile: null, keyFile: null, nkeySeedFile: null, credentialsFile: null };
  return { servers: [`nats://127.0.0.1:${broker.port}`], name, serverName: null, ...files };
}
