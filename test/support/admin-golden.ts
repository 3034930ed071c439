// The captured admin pages of Envoy 1.40, and what of them is said otherwise here: each difference with its reason, as a change to
// the captured text that makes it the expected one.
import { type AdminAnswer, readAnswer } from "./admin-client.ts";
import { goldenText } from "./live-proxy.ts";

/** A difference from Envoy that stays. */
export interface Difference {
  readonly what: string;
  readonly why: string;
  /** Where it applies: the page's path, or the request of a captured exchange. */
  readonly where: RegExp;
  /** From what Envoy says to what is said here. */
  change(text: string): string;
}

/** All of them. */
export const DIFFERENCES: readonly Difference[] = [
  {
    what: "pages of TCMalloc, of the profilers and of recent lookups are not there",
    why: "there is no TCMalloc and no symbol table; a page that could only say so is left out",
    where: /^\/(help|nosuch)/,
    change: (text) =>
      text.replaceAll(/^ {2}\/(\w*profiler|\w*heap_dump|memory\/tcmalloc|stats\/recentlookups)\b.*\n( {6}.*\n)*/gm, ""),
  },
  {
    what: "formats of /stats",
    why: "no HTML page of statistics; prometheus is named because it works",
    where: /^\/(help|nosuch)/,
    change: (text) => text.replace("(html, active-html, text, json)", "(text, json, prometheus)"),
  },
  {
    what: "names of listeners without one",
    why: "random in both",
    where: /^\/listeners/,
    change: anonymous,
  },
  {
    what: "loggers",
    why: "those that Starling logs under, not Envoy's hundred",
    where: /^POST \/logging/,
    change: (text) => text.replaceAll(/^ {2}(\w+): (\w+)\n/gm, (line, name: string) => (LOGGERS.has(name) ? line : "")),
  },
  {
    what: "reasons of a state that is not LIVE, on lines of their own",
    why: "an operator sees what to do; the first line is Envoy's",
    where: /^GET \/ready/,
    change: (text) => text.replace("DRAINING\n", "DRAINING\ntold to fail health checks by /healthcheck/fail\n"),
  },
  {
    what: "the answer to HEAD has no body",
    why: "Envoy sends one without framing, which breaks the connection for the next request (RFC 9110 §9.3.2)",
    where: /^HEAD /,
    change: () => "",
  },
];

/** What Starling is expected to say where Envoy said `text`. */
export function expectedHere(where: string, text: string): string {
  return DIFFERENCES.filter((one) => one.where.test(where)).reduce((changed, one) => one.change(changed), text);
}

/** Random names replaced by one word. */
export function anonymous(text: string): string {
  return text.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UUID");
}

/** A head with its date replaced, once it has the right form. */
export function undated(head: readonly string[]): string[] {
  return head.map((line) => line.replace(/^date: \w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/, "date: then"));
}

/** The captured head of a page. */
export function goldenHead(name: string): string[] {
  return undated(
    goldenText(`admin/${name}.headers`)
      .split(/\r?\n/)
      .filter((line) => line !== ""),
  );
}

/** The captured body of a page. */
export function goldenBody(name: string): string {
  return goldenText(`admin/${name}.body`);
}

/** The captured exchanges that change something, in their order. */
export function goldenExchanges(): readonly (AdminAnswer & { readonly request: string })[] {
  return goldenText("admin/mutations.txt")
    .split(/^=== /m)
    .slice(1)
    .map((section) => {
      const lineEnd = section.indexOf("\n");
      const text = section
        .slice(lineEnd + 1)
        .replaceAll("\\r\\n\n", "\r\n")
        .replace(/\n*<connection closed by peer>\n*$/, "");
      return { request: section.slice(0, lineEnd), ...readAnswer(text) };
    });
}

const LOGGERS: ReadonlySet<string> = new Set([
  ...["admin", "client", "config", "connection", "dns", "filter", "health_checker", "http", "http2"],
  ...["main", "misc", "pool", "router", "runtime", "tracing", "upstream"],
]);
