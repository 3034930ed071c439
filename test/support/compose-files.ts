// The compose files as data, with their anchors merged: for tests that look at them without an engine.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { PROJECT, sourceText } from "./source-files.ts";

/** A service of a compose file, as far as tests look at it. */
export interface ComposeService {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly profiles?: readonly string[];
  readonly deploy?: { readonly resources?: { readonly limits?: { readonly cpus?: string; readonly memory?: string } } };
}

/** A compose file. */
export interface ComposeFile {
  readonly name: string;
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes?: Readonly<Record<string, unknown>>;
}

/** Names of the compose files, in compose/. */
export function composeFiles(): string[] {
  return readdirSync(join(PROJECT, "compose")).filter((file) => file.endsWith(".yaml"));
}

/** One of them. Variables stand for their defaults. */
export function composeFile(file: string): ComposeFile {
  const text = sourceText(`compose/${file}`).replaceAll(/\$\{\w+:-([^}]*)\}/g, "$1");
  return parse(text, { merge: true }) as ComposeFile;
}

/** Everything below compose/ that is not a program: `mesh.yaml`, `mesh/front-envoy.yaml`. */
export function composeData(): string[] {
  return readdirSync(join(PROJECT, "compose"), { recursive: true, encoding: "utf8" }).filter((file) =>
    /\.(yaml|conf|sh|json|md)$/.test(file),
  );
}
