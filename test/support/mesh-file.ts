// Files and flags that put a node into a mesh, for tests of what is compiled from them.
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import { formatDiagnostic } from "../../src/config/load/format-diagnostic.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import { pem } from "./tls-plans.ts";

/** As far as its form goes. */
const SEED = `SU${"A".repeat(56)}`;
const CREDS = `-----BEGIN NATS USER JWT-----\nabc.def-g.h_i\n------END NATS USER JWT------\n${SEED}\n`;
const FILES: Readonly<Record<string, string>> = {
  "user.nk": `# of the proxies\n${SEED}\n`,
  "user.creds": CREDS,
  "ca.pem": pem("ca"),
  "cert.pem": pem("client"),
  "key.pem": pem("client.key"),
  garbage: "nothing of use",
};

/** What a file and flags give: everything that was said as the lines that a user sees. */
export interface LoadedMesh {
  readonly plan: Plan | null;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** A bootstrap with this Mesh extension; the extension's fields begin in line 6. */
export function extension(...fields: string[]): string {
  const lines = ['"@type": type.googleapis.com/starling.mesh.v1.Mesh', ...fields];
  return `node: { id: front }\nbootstrap_extensions:\n- name: mesh\n  typed_config:\n${lines.map((line) => `    ${line}\n`).join("")}`;
}

/** What a file and flags (without dashes) give; the files that they name are user.nk, user.creds, ca.pem, cert.pem, key.pem and garbage. */
export function loadMesh(text: string, flags: Readonly<Record<string, string>> = {}): LoadedMesh {
  const overrides = Object.entries(flags).map(([name, said]) => [name, { text: said, source: `--${name}` }] as const);
  const { plan, errors, warnings } = loadPlan(
    { file: "f", text },
    {
      overrides: new Map(overrides),
      uuid: () => "00000000-0007-4000-8000-000000000000",
      readFile: (path) => {
        const content = FILES[path];
        const missing = Object.assign(new Error("gone"), { code: "ENOENT" });
        return content === undefined ? missing : new TextEncoder().encode(content);
      },
    },
  );
  return { plan, errors: errors.map(formatDiagnostic), warnings: warnings.map(formatDiagnostic) };
}

/** A file that says nothing of a mesh. */
export const EMPTY: string = "node: { id: front }";
/** A broker that may be reached in cleartext. */
export const LOCAL: string = "nats://127.0.0.1:4222";
/** Flags for one that may not. */
export const FAR: Readonly<Record<string, string>> = { mesh: "tls://nats.example", "mesh-nkey": "user.nk" };
