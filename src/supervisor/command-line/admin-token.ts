// The token that changes over the admin address need: read once from where the command line or the environment says, and kept as its
// digest. Called by serve-options.ts; the token is in no option, no log and no page.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { systemText } from "../../base/system-text.ts";
import type { ParsedFlags } from "./parse-flags.ts";

/** The digest, or what is wrong. */
export interface AdminToken {
  /** SHA-256 in hex; empty: there is no token. */
  readonly digest: string;
  readonly errors: readonly string[];
}

/** The flag wins over the variables, a file over a token. */
export function adminToken(flags: ParsedFlags, environment: Readonly<Record<string, string | undefined>>): AdminToken {
  const flag = flags.values.get("admin-token-file") ?? "";
  const file = flag === "" ? (environment["STARLING_ADMIN_TOKEN_FILE"] ?? "") : flag;
  if (file === "") return digested(environment["STARLING_ADMIN_TOKEN"] ?? "", "STARLING_ADMIN_TOKEN", "none");
  const source = flag === "" ? "STARLING_ADMIN_TOKEN_FILE" : "--admin-token-file";
  try {
    return digested(readFileSync(file, "utf8").trim(), `${source}: the token in '${file}'`, "wrong");
  } catch (error) {
    return wrong(`${source}: cannot read '${file}': ${systemText(error)}`);
  }
}

/** `empty`: what no token at all means. */
function digested(token: string, source: string, empty: "none" | "wrong"): AdminToken {
  if (token === "" && empty === "none") return { digest: "", errors: [] };
  if (!FORM.test(token)) return wrong(`${source} is not ${LENGTH_MIN} to 1024 printable characters without spaces`);
  return { digest: createHash("sha256").update(token, "latin1").digest("hex"), errors: [] };
}

function wrong(error: string): AdminToken {
  return { digest: "", errors: [error] };
}

/** Fewer could be guessed. */
const LENGTH_MIN = 16;
const FORM = /^[!-~]{16,1024}$/;
