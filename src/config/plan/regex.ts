// Configured regexes mean what RE2 means and take linear time. RE2 (re2js) parses every one; V8 matches it when the pattern stays in
// what both read alike and V8's linear engine takes it; else re2js matches too. Never V8's backtracking engine.
import { setFlagsFromString } from "node:v8";
import { RE2JS } from "re2js";

/** A compiled regex. */
export interface RegexMatcher {
  /** Whether it matches somewhere in the text. */
  test(text: string): boolean;
  /** Whether it matches the whole text (Envoy's safe_regex in routes and string matchers). */
  fullMatch(text: string): boolean;
  /** Replaces every match; `\1` to `\9` are groups, `\0` the match, `\\` a backslash (RE2's rewrite syntax). */
  replace(text: string, substitution: string): string;
  /** Which engine matches. */
  readonly engine: "v8" | "re2";
}

/** Compiles a pattern in RE2's syntax. Throws an Error with RE2's words when it is none. */
export function compileRegex(pattern: string): RegexMatcher {
  const re2 = RE2JS.compile(pattern);
  const translated = translate(pattern);
  const linear = translated === null ? null : linearRegex(translated);
  return linear ?? re2Matcher(re2);
}

// V8 reads the flag when a regex with `l` is compiled, in every thread of the process.
setFlagsFromString("--enable-experimental-regexp-engine");

function linearRegex(pattern: string): RegexMatcher | null {
  try {
    const anywhere = new RegExp(pattern, "l");
    const whole = new RegExp(`^(?:${pattern})$`, "l");
    const global = new RegExp(pattern, "lg");
    return {
      engine: "v8",
      test: (text) => anywhere.test(text),
      fullMatch: (text) => whole.test(text),
      replace: (text, substitution) =>
        text.replace(global, (...found: (string | undefined)[]) => expand(substitution, (group) => found[group])),
    };
  } catch {
    return null; // not in linear time for V8: counted repeats that grow too large, for one
  }
}

function re2Matcher(re2: RE2JS): RegexMatcher {
  return {
    engine: "re2",
    test: (text) => re2.matcher(text).find(),
    fullMatch: (text) => re2.matches(text),
    replace: (text, substitution) => {
      const matcher = re2.matcher(text);
      let result = "";
      let from = 0;
      while (matcher.find()) {
        result += text.slice(from, matcher.start()) + expand(substitution, (group) => groupOf(matcher, group));
        from = matcher.end();
      }
      return result + text.slice(from);
    },
  };
}

function groupOf(matcher: ReturnType<RE2JS["matcher"]>, group: number): string | undefined {
  return group <= matcher.groupCount() ? (matcher.group(group) ?? undefined) : undefined;
}

function expand(substitution: string, group: (index: number) => string | undefined): string {
  return substitution.replace(/\\([0-9\\])/g, (_, what: string) =>
    what === "\\" ? "\\" : (group(Number(what)) ?? ""),
  );
}

/** The pattern as V8 reads it with the same meaning, null when there is a part that the two read differently. */
function translate(pattern: string): string | null {
  let out = "";
  let inClass = false;
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern.charAt(at);
    const next = pattern.charAt(at + 1);
    if (char === "\\") {
      const escaped = translateEscape(next, inClass);
      if (escaped === null) return null;
      out += escaped;
      at++;
      continue;
    }
    if (inClass) {
      if (char === "[" && next === ":") return null;
      if (char === "]") inClass = false;
      out += char;
      continue;
    }
    if (char === "(" && next === "?" && pattern.charAt(at + 2) !== ":") return null;
    if (char === "[") {
      const first = next === "^" ? pattern.charAt(at + 2) : next;
      if (first === "]") return null;
      inClass = true;
    }
    // RE2's dot stops at \n only, JavaScript's at three other line ends too.
    out += char === "." ? "[^\\n]" : char;
  }
  return out;
}

function translateEscape(next: string, inClass: boolean): string | null {
  if (next === "s") return inClass ? "\\t\\n\\f\\r " : "[\\t\\n\\f\\r ]";
  if (next === "S") return inClass ? null : "[^\\t\\n\\f\\r ]";
  if (/[dDwW]/.test(next) || (!inClass && /[bB]/.test(next))) return `\\${next}`;
  if (/[tnrfv]/.test(next)) return `\\${next}`;
  return /[^A-Za-z0-9]/.test(next) ? `\\${next}` : null;
}
