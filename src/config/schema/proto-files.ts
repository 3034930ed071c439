// Finds the .proto files of the development dependency and reads those that Envoy v3 needs, with their imports.
// Called when a descriptor set is built; an installation without development dependencies never comes here.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { type ProtoFile, parseProto } from "./proto-parser.ts";

/** Where the .proto files lie and which release they are. */
export interface ProtoSource {
  readonly directory: string;
  readonly version: string;
}

/** The installed @grpc/grpc-js-xds, or null when it is not installed. */
export function findProtoSource(): ProtoSource | null {
  for (const path of createRequire(import.meta.url).resolve.paths("@grpc/grpc-js-xds") ?? []) {
    const home = join(path, "@grpc", "grpc-js-xds");
    const manifest = join(home, "package.json");
    if (!existsSync(manifest)) continue;
    const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
    return { directory: join(home, "deps"), version };
  }
  return null;
}

/** Every v3 file of Envoy's API and of xds, and all that they import, parsed. */
export function readProtoFiles(source: ProtoSource): ProtoFile[] {
  const roots = rootNames.map((name) => join(source.directory, name));
  const waiting = [...listProtos(join(source.directory, "envoy-api")), ...listProtos(join(source.directory, "xds"))];
  const wanted = new Set(waiting.filter((path) => currentVersion.test(path)));
  const files: ProtoFile[] = [];
  for (const path of wanted) {
    const root = roots.find((one) => existsSync(join(one, path)));
    if (root === undefined) continue;
    const file = parseProto(readFileSync(join(root, path), "utf8"));
    files.push(file);
    for (const imported of file.imports) if (!annotations.test(imported)) wanted.add(imported);
  }
  return files;
}

function listProtos(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".proto"))
    .map((entry) => relative(root, join(entry.parentPath ?? dirname(root), entry.name)).replaceAll("\\", "/"));
}

const rootNames: readonly string[] = ["envoy-api", "xds", "googleapis", "protoc-gen-validate"];
const currentVersion = /\/v3\/|^udpa\/type\//;
const annotations = /annotations|^validate\/|^google\/protobuf\//;
