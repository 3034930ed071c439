// The project's own source files and their imports, for the architecture tests.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const PROJECT: string = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** One import of a file. */
export interface Import {
  /** Path from the checkout for a file of the project, else the package or `node:` module. */
  readonly target: string;
  readonly ofProject: boolean;
  readonly typeOnly: boolean;
}

/** Paths from the checkout of every TypeScript file under these folders. */
export function sourceFiles(...folders: readonly string[]): string[] {
  return folders
    .filter((folder) => existsSync(join(PROJECT, folder)))
    .flatMap((folder) =>
      readdirSync(join(PROJECT, folder), { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)),
    )
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))
    .sort();
}

/** The text of a file of the project. */
export function sourceText(file: string): string {
  return readFileSync(join(PROJECT, file), "utf8");
}

/** What a file imports. */
export function importsOf(file: string): Import[] {
  const found = [...sourceText(file).matchAll(IMPORT)];
  return found.map((match) => {
    const specifier = match[2] ?? match[3] ?? "";
    const ofProject = specifier.startsWith(".");
    return {
      target: ofProject ? relative(PROJECT, resolve(PROJECT, dirname(file), specifier)) : packageOf(specifier),
      ofProject,
      typeOnly: /^(import|export) type/.test(match[0]),
    };
  });
}

function packageOf(specifier: string): string {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? specifier);
}

const IMPORT = /^(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"|import\("([^"]+)"\)/gm;
