// Reads llhttp's Markdown cases from a clone of its repository, which is not part of this one, and says what both parsers make of each.
import { readdirSync, readFileSync } from "node:fs";
import { ClientBench, response, ServerBench } from "../../protocol/h1/support.ts";

/** One case: an input and the log that llhttp expects. */
export interface MarkdownCase {
  /** `request/sample: Simple request`: file and title; titles that come twice in a file are one name. */
  readonly name: string;
  /** `request`, `response`, `url`, or one of them with a mode behind it. */
  readonly type: string;
  /** latin1 text. */
  readonly bytes: string;
  readonly log: string;
}

/** What a parser makes of a message: `refused` at some byte, or so many `read` to their end. */
export interface Verdict {
  readonly refused: boolean;
  readonly messages: number;
}

/** Every case below the `test` folder of a clone. */
export function readCases(folder: string): MarkdownCase[] {
  const files = ["", "request/", "response/"].flatMap((under) =>
    readdirSync(folder + under)
      .filter((file) => file.endsWith(".md"))
      .map((file) => under + file),
  );
  return files.flatMap((file) => casesOf(file.replace(".md", ""), readFileSync(folder + file, "utf8")));
}

/** What llhttp's log says. Its pauses at CONNECT, upgrades and HTTP/2's preface are no errors. */
export function theirVerdict(one: MarkdownCase): Verdict {
  const error = /error code=(\d+)/.exec(one.log)?.[1];
  const refused = error !== undefined && !["21", "22", "23"].includes(error);
  if (one.type === "url") return { refused, messages: refused ? 0 : 1 };
  return { refused, messages: one.log.match(/message complete/g)?.length ?? 0 };
}

/** What our codec says, with everything accepted that an option can accept, and a Host added to requests that have none. */
export function ourVerdict(one: MarkdownCase): Verdict {
  if (one.type === "url") return readRequests(`GET ${one.bytes} HTTP/1.1\r\nHost: a\r\n\r\n`);
  if (one.type.startsWith("response")) return readResponse(one.bytes);
  const hosted = /^host ?:/im.test(one.bytes) ? one.bytes : one.bytes.replace(/( HTTP\/1\.1\r\n)/g, "$1Host: a\r\n");
  return readRequests(hosted);
}

function casesOf(file: string, text: string): MarkdownCase[] {
  const pattern = /^(?:#+ (.*)|<!-- meta=(.*) -->|```(http|url|log)\n((?:.|\n)*?)\n?^```)$/gm;
  const cases: MarkdownCase[] = [];
  let title = "";
  let type = "";
  let bytes = "";
  for (const [, heading, meta, kind, block] of text.matchAll(pattern)) {
    if (heading !== undefined) title = heading.trim();
    else if (meta !== undefined) type = (JSON.parse(meta) as { type: string }).type;
    else if (kind !== "log") bytes = inputOf(block ?? "");
    else cases.push({ name: `${file}: ${title}`, type: file === "url" ? "url" : type, bytes, log: block ?? "" });
  }
  return cases;
}

/** The escapes of the Markdown as bytes: line ends are CRLF unless escaped. */
function inputOf(block: string): string {
  const text = block
    .replace(/\\\n/g, "")
    .replace(/\n/g, "\r\n")
    .replace(/\\([rntf])/g, (_, letter: string) => ESCAPES[letter] ?? "")
    .replace(/\\x([0-9a-fA-F]+)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\([0-7]{1,3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  return Buffer.from(text, "utf8").toString("latin1");
}

function readRequests(text: string): Verdict {
  const bench = new ServerBench({ acceptHttp10: true, defaultHostForHttp10: "a", trailers: true });
  bench.react = (writer, what) => {
    if (what === "end" || what === "trailers" || what === "fault") writer.writeHead(response(200, KEEP), true);
  };
  bench.receive(text);
  for (let i = 0; i < bench.writers.length; i++) bench.writers[i]?.writeHead(response(200, KEEP), true);
  return verdictOf(bench.take());
}

function readResponse(text: string): Verdict {
  const bench = new ClientBench({ trailers: true });
  bench.get();
  bench.receive(text);
  return verdictOf(bench.take());
}

function verdictOf(log: readonly string[]): Verdict {
  // The head of a tunnel's request is the message for llhttp; what follows is the tunnel's.
  const over = /^(end|trailers|interim)\b|^head (\d+ )?end\b|^head :method=CONNECT|^head .*\|upgrade=/;
  const ends = log.filter((line) => over.test(line)).length;
  return { refused: log.some((line) => /^(fault|closed h)/.test(line)), messages: ends };
}

const ESCAPES: Readonly<Record<string, string>> = { r: "\r", n: "\n", t: "\t", f: "\f" };
const KEEP = [["content-length", "0"]] as const;
