// One canonical path for routing and access rules: normalize_path, merge_slashes and path_with_escaped_slashes_action of the
// connection manager. Works on the path with its query; the query is never changed.

/** What to do with a path: take it, answer 400, or redirect to the canonical one. */
export interface CanonicalPath {
  readonly action: "forward" | "reject" | "redirect";
  readonly path: string;
}

/** The options of the connection manager that change paths. */
export interface PathRules {
  readonly normalizePath: boolean;
  readonly mergeSlashes: boolean;
  readonly escapedSlashes: "keep" | "reject" | "redirect" | "forward";
}

/** The canonical form of `:path`. A fragment is always refused (Envoy's http_reject_path_with_fragment). */
export function canonicalPath(rules: PathRules, full: string): CanonicalPath {
  if (full.includes("#")) return reject;
  const queryAt = full.indexOf("?");
  let path = queryAt < 0 ? full : full.slice(0, queryAt);
  const query = queryAt < 0 ? "" : full.slice(queryAt);
  let redirects = false;
  if (rules.escapedSlashes !== "keep" && ESCAPED_SLASH.test(path)) {
    if (rules.escapedSlashes === "reject") return reject;
    path = path.replace(ESCAPED_SLASHES, (triplet) => (triplet[1] === "2" ? "/" : "\\"));
    redirects = rules.escapedSlashes === "redirect";
  }
  if (rules.normalizePath) {
    const normal = normalized(path);
    if (normal === null) return reject;
    path = normal;
  }
  if (rules.mergeSlashes && path.includes("//")) path = path.replace(/\/{2,}/g, "/");
  return { action: redirects ? "redirect" : "forward", path: path + query };
}

/**
 * RFC 3986 §6.2.2 as Envoy does it: escapes of unreserved characters are decoded, other escapes get capital digits, a backslash is a
 * slash, dot segments (escaped ones too) are removed. Malformed escapes stay as they are. Null: an escape stands for NUL.
 */
function normalized(path: string): string | null {
  if (!path.startsWith("/")) return null;
  if (path.includes("%00")) return null;
  let text = path.includes("\\") ? path.replaceAll("\\", "/") : path;
  if (text.includes("%")) text = text.replace(ESCAPE, (triplet) => decodedEscape(triplet));
  return text.includes("/.") ? withoutDotSegments(text) : text;
}

function decodedEscape(triplet: string): string {
  const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
  return UNRESERVED.test(character) ? character : triplet.toUpperCase();
}

/** RFC 3986 §5.2.4; empty segments stay. */
function withoutDotSegments(path: string): string {
  const segments = path.split("/");
  const kept: string[] = [""];
  for (let i = 1; i < segments.length; i++) {
    const segment = segments[i] as string;
    const isLast = i === segments.length - 1;
    if (segment === "..") {
      if (kept.length > 1) kept.pop();
      if (isLast) kept.push("");
    } else if (segment === ".") {
      if (isLast) kept.push("");
    } else kept.push(segment);
  }
  return kept.length === 1 ? "/" : kept.join("/");
}

const reject: CanonicalPath = Object.freeze({ action: "reject", path: "" });
const ESCAPED_SLASH = /%(2f|5c)/i;
const ESCAPED_SLASHES = /%(2f|5c)/gi;
const ESCAPE = /%[0-9a-fA-F]{2}/g;
const UNRESERVED = /[A-Za-z0-9\-._~]/;
