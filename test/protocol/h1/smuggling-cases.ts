// Requests with two readings, as the literature on request smuggling lists them (CL.TE, TE.CL, TE.TE, lengths, line ends, folds, hosts,
// targets, chunks, trailers, upgrades). Data only: the unit test here and a live suite send the same bytes.

/** One message, as latin1 text. */
export interface SmugglingCase {
  readonly name: string;
  readonly bytes: string;
  /**
   * `rejected`: no complete request may reach an upstream, and the connection ends after an answer of 4xx or 5xx (a bad body may be found
   * after its head went on).
   * `normalised`: exactly one request may reach an upstream, with this body and without what made it ambiguous.
   */
  readonly outcome: "rejected" | "normalised";
  /** Body that the upstream may see; null when the outcome is `rejected`. */
  readonly body: string | null;
}

const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

function head(lines: readonly string[], start: string = "POST / HTTP/1.1"): string {
  return `${[start, "Host: a", ...lines].join("\r\n")}\r\n\r\n`;
}

function rejected(name: string, bytes: string): SmugglingCase {
  return { name, bytes, outcome: "rejected", body: null };
}

function normalised(name: string, bytes: string, body: string): SmugglingCase {
  return { name, bytes, outcome: "normalised", body };
}

function withLines(name: string, ...lines: string[]): SmugglingCase {
  return rejected(name, head(lines) + SMUGGLED);
}

/** A chunked request whose body is these bytes. */
function chunks(name: string, body: string): SmugglingCase {
  return rejected(name, head(["Transfer-Encoding: chunked"]) + body + SMUGGLED);
}

const lengthAndCoding: SmugglingCase[] = [
  rejected("CL.TE", `${head(["Content-Length: 6", "Transfer-Encoding: chunked"])}0\r\n\r\nG`),
  rejected("TE.CL", `${head(["Transfer-Encoding: chunked", "Content-Length: 3"])}8\r\nSMUGGLED\r\n0\r\n\r\n`),
  withLines("CL.TE with a length of 0", "Content-Length: 0", "Transfer-Encoding: chunked"),
  withLines("CL beside a coding nobody knows", "Content-Length: 4", "Transfer-Encoding: xchunked"),
  withLines("CL beside an empty coding", "Content-Length: 4", "Transfer-Encoding:"),
  withLines("a bad CL beside TE", "Content-Length: x", "Transfer-Encoding: chunked"),
  withLines(
    "CL hidden by Connection beside TE",
    "Connection: content-length",
    "Content-Length: 4",
    "Transfer-Encoding: chunked",
  ),
  withLines(
    "TE hidden by Connection beside CL",
    "Connection: transfer-encoding",
    "Content-Length: 4",
    "Transfer-Encoding: chunked",
  ),
];

const codings: SmugglingCase[] = [
  ["TE.TE: two fields, the second unknown", "Transfer-Encoding: chunked", "Transfer-Encoding: cow"],
  ["TE.TE: two fields, the first unknown", "Transfer-Encoding: cow", "Transfer-Encoding: chunked"],
  ["TE.TE: chunked twice", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
  ["TE.TE: identity, then chunked", "Transfer-Encoding: identity", "Transfer-Encoding: chunked"],
  ["a list of codings", "Transfer-Encoding: gzip, chunked"],
  ["chunked is not the last coding", "Transfer-Encoding: chunked, gzip"],
  ["chunked twice in a list", "Transfer-Encoding: chunked, chunked"],
  ["identity alone", "Transfer-Encoding: identity"],
  ["a prefix: xchunked", "Transfer-Encoding: xchunked"],
  ["a suffix: chunkedx", "Transfer-Encoding: chunkedx"],
  ["quoted", 'Transfer-Encoding: "chunked"'],
  ["with a parameter", "Transfer-Encoding: chunked;q=1"],
  ["a trailing comma", "Transfer-Encoding: chunked,"],
  ["a leading comma", "Transfer-Encoding: ,chunked"],
  ["a vertical tab before the value", "Transfer-Encoding: \x0bchunked"],
  ["a form feed after the value", "Transfer-Encoding: chunked\x0c"],
  ["NUL after the value", "Transfer-Encoding: chunked\0"],
  ["a letter that is only similar", "Transfer-Encoding: chun\xe7ed"],
  ["white space of Unicode", "Transfer-Encoding: \xa0chunked"],
  ["space before the colon", "Transfer-Encoding : chunked"],
  ["tab before the colon", "Transfer-Encoding\t: chunked"],
  ["space before the name", " Transfer-Encoding: chunked"],
  ["folded value", "Transfer-Encoding:\r\n chunked"],
  ["folded value that hides a list", "Transfer-Encoding: chunked\r\n\t, identity"],
  ["bare LF before the name", "X: y\nTransfer-Encoding: chunked"],
  ["bare CR before the name", "X: y\rTransfer-Encoding: chunked"],
  ["bare CR in the name", "Transfer-Encoding\r: chunked"],
  ["NUL in the name", "Transfer-Encoding\0: chunked"],
  ["another letter in the name", "Transfer\x01-Encoding: chunked"],
].map(([name, ...lines]) => withLines(`TE, ${name}`, ...lines));

const lengths: SmugglingCase[] = [
  ["twice and different", "Content-Length: 0", "Content-Length: 4"],
  ["twice and equal", "Content-Length: 4", "Content-Length: 4"],
  ["a list of equals", "Content-Length: 4, 4"],
  ["a list of different ones", "Content-Length: 0, 4"],
  ["plus sign", "Content-Length: +4"],
  ["minus sign", "Content-Length: -4"],
  ["hexadecimal", "Content-Length: 0x4"],
  ["a fraction", "Content-Length: 4.0"],
  ["an exponent", "Content-Length: 1e1"],
  ["a space within", "Content-Length: 4 4"],
  ["an underscore within", "Content-Length: 1_0"],
  ["empty", "Content-Length:"],
  ["not a number", "Content-Length: NaN"],
  ["more digits than anything needs", "Content-Length: 00000000000000004"],
  ["beyond 2^53", "Content-Length: 9007199254740993"],
  ["beyond 2^64", "Content-Length: 18446744073709551620"],
  ["a vertical tab before it", "Content-Length: \x0b4"],
  ["NUL after it", "Content-Length: 4\0"],
  ["digits of another script", "Content-Length: \xb2"],
  ["space before the colon", "Content-Length : 4"],
  ["folded", "Content-Length:\r\n 4"],
  ["a quoted number", 'Content-Length: "4"'],
].map(([name, ...lines]) => withLines(`CL, ${name}`, ...lines));

const lines: SmugglingCase[] = [
  rejected("LF alone ends every line", "POST / HTTP/1.1\nHost: a\nContent-Length: 0\n\n"),
  rejected("LF alone ends one field", `POST / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n${SMUGGLED}`),
  rejected("LF alone ends the head", "POST / HTTP/1.1\r\nHost: a\r\n\nGET /smuggled HTTP/1.1\r\n\r\n"),
  rejected("CR alone ends the head", "POST / HTTP/1.1\r\nHost: a\r\n\rGET /smuggled HTTP/1.1\r\n\r\n"),
  rejected("CR CR LF ends a field", `POST / HTTP/1.1\r\nHost: a\r\r\nX: y\r\n\r\n${SMUGGLED}`),
  withLines("Connection names who the client is", "X-Forwarded-For: 192.0.2.1", "Connection: close, x-forwarded-for"),
  withLines("Connection names a pseudo-header", "Connection: :path"),
  withLines("CR in a value", "X: a\rb"),
  withLines("NUL in a value", "X: a\0b"),
  withLines("DEL in a value", "X: a\x7fb"),
  withLines("obs-fold with a space", "X: a\r\n b"),
  withLines("obs-fold with a tab", "X: a\r\n\tb"),
  rejected("a fold before the first field", `POST / HTTP/1.1\r\n Host: a\r\n\r\n${SMUGGLED}`),
  withLines("a line without a colon", "Content-Length 4"),
  withLines("an empty name", ": 4"),
  withLines("a pseudo field", ":path: /smuggled"),
  withLines("a name in brackets", "Content-Length(4): 4"),
  withLines("a name of bytes beyond ASCII", "Content-L\xe9ngth: 4"),
  rejected("a status line as request", `HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n${SMUGGLED}`),
];

const startLines: SmugglingCase[] = [
  ["no version", "GET /"],
  ["version 0.9", "GET / HTTP/0.9"],
  ["version 1.0 with keep-alive", "GET / HTTP/1.0"],
  ["version 1.2", "GET / HTTP/1.2"],
  ["version 2.0", "GET / HTTP/2.0"],
  ["version in small letters", "GET / http/1.1"],
  ["version with more digits", "GET / HTTP/1.10"],
  ["version without a dot", "GET / HTTP/11"],
  ["two spaces before the target", "GET  / HTTP/1.1"],
  ["two spaces after the target", "GET /  HTTP/1.1"],
  ["a tab after the method", "GET\t/ HTTP/1.1"],
  ["a space after the version", "GET / HTTP/1.1 "],
  ["a request line within the target", "GET / HTTP/1.1 /smuggled HTTP/1.1"],
  ["a control byte in the target", "GET /\x01 HTTP/1.1"],
  ["CR in the target", "GET /\r/smuggled HTTP/1.1"],
  ["bytes beyond ASCII in the target", "GET /\xe9 HTTP/1.1"],
  ["a target without a slash", "GET smuggled HTTP/1.1"],
  ["a method in small letters", "get / HTTP/1.1"],
  ["an unknown method", "SMUGGLE / HTTP/1.1"],
  ["a star with GET", "GET * HTTP/1.1"],
  ["an absolute target of another scheme", "GET ftp://b/ HTTP/1.1"],
  ["an absolute target with a user", "GET http://a@b/ HTTP/1.1"],
  ["an absolute target without a host", "GET http:///smuggled HTTP/1.1"],
  ["an authority as target of GET", "GET a:80 HTTP/1.1"],
  ["CONNECT with a path", "CONNECT / HTTP/1.1"],
].map(([name, start]) => rejected(`start line, ${name}`, head(["Connection: keep-alive"], start) + SMUGGLED));

const hosts: SmugglingCase[] = [
  withLines("two Hosts, different", "Host: b"),
  withLines("two Hosts, equal", "Host: a"),
  rejected("no Host", `GET / HTTP/1.1\r\n\r\n${SMUGGLED}`),
  rejected("an absolute target without Host", `GET http://b/ HTTP/1.1\r\n\r\n${SMUGGLED}`),
  rejected("Host with a path", `GET / HTTP/1.1\r\nHost: a/b\r\n\r\n${SMUGGLED}`),
  rejected("Host with a user", `GET / HTTP/1.1\r\nHost: u@a\r\n\r\n${SMUGGLED}`),
  rejected("Host with a space", `GET / HTTP/1.1\r\nHost: a b\r\n\r\n${SMUGGLED}`),
  rejected("space before Host's colon", `GET / HTTP/1.1\r\nHost : a\r\n\r\n${SMUGGLED}`),
  normalised("an absolute target wins over Host", "GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", ""),
];

const chunkCases: SmugglingCase[] = [
  chunks("chunk size, more than 8 digits", "000000001\r\nx\r\n0\r\n\r\n"),
  chunks("chunk size, beyond 2^64", "10000000000000001\r\nx\r\n0\r\n\r\n"),
  chunks("chunk size, a sign", "+1\r\nx\r\n0\r\n\r\n"),
  chunks("chunk size, a negative one", "-1\r\nx\r\n0\r\n\r\n"),
  chunks("chunk size, 0x", "0x1\r\nx\r\n0\r\n\r\n"),
  chunks("chunk size, empty", "\r\nx\r\n0\r\n\r\n"),
  chunks("chunk size, a space before", " 1\r\nx\r\n0\r\n\r\n"),
  chunks("chunk size, a space after", "1 \r\nx\r\n0\r\n\r\n"),
  chunks("chunk size, a tab before the extension", "1\t;a\r\nx\r\n0\r\n\r\n"),
  chunks("chunk size, a letter beyond f", "1g\r\nx\r\n0\r\n\r\n"),
  chunks("chunk size, NUL after", "1\0\r\nx\r\n0\r\n\r\n"),
  chunks("chunk size, LF alone", "1\nx\r\n0\r\n\r\n"),
  chunks("chunk size, CR alone", "1\rx\r\n0\r\n\r\n"),
  chunks("chunk extension, LF within", "1;a\nb\r\nx\r\n0\r\n\r\n"),
  chunks("chunk extension, CR within", "1;a\rb\r\nx\r\n0\r\n\r\n"),
  chunks("chunk extension, NUL within", "1;a\0\r\nx\r\n0\r\n\r\n"),
  chunks("chunk extension, too long", `1;${"a".repeat(300)}\r\nx\r\n0\r\n\r\n`),
  chunks("chunk data longer than its size", "1\r\nxy\r\n0\r\n\r\n"),
  chunks("chunk data shorter than its size", "3\r\nx\r\n0\r\n\r\n"),
  chunks("chunk data ended by LF alone", "1\r\nx\n0\r\n\r\n"),
  chunks("chunk data ended by CR alone", "1\r\nx\r0\r\n\r\n"),
  chunks("last chunk with LF alone", "1\r\nx\r\n0\n\r\n"),
  chunks("trailers ended by LF alone", "1\r\nx\r\n0\r\n\n"),
  chunks("trailer with a fold", "1\r\nx\r\n0\r\nT: v\r\n w\r\n\r\n"),
  chunks("trailer with a space before the colon", "1\r\nx\r\n0\r\nT : v\r\n\r\n"),
];

const readOnce: SmugglingCase[] = [
  normalised("chunked in capitals is chunked", `${head(["Transfer-Encoding: CHUNKED"])}1\r\nx\r\n0\r\n\r\n`, "x"),
  normalised("white space around the coding", `${head(["Transfer-Encoding: \t chunked \t"])}1\r\nx\r\n0\r\n\r\n`, "x"),
  normalised("white space around the length", `${head(["Content-Length: \t 1 \t"])}x`, "x"),
  normalised("zeros before the length", `${head(["Content-Length: 0001"])}x`, "x"),
  normalised("zeros before the chunk size", `${head(["Transfer-Encoding: chunked"])}0001\r\nx\r\n000\r\n\r\n`, "x"),
  normalised("a chunk extension", `${head(["Transfer-Encoding: chunked"])}1;a="b;c"\r\nx\r\n0;d\r\n\r\n`, "x"),
  normalised(
    "trailers that would frame or route",
    `${head(["Transfer-Encoding: chunked"])}1\r\nx\r\n0\r\nContent-Length: 9\r\nTransfer-Encoding: x\r\nHost: b\r\n\r\n`,
    "x",
  ),
  normalised("a length that Connection names", `${head(["Connection: content-length", "Content-Length: 1"])}x`, "x"),
  normalised("a name of an underscore is another name", `${head(["Content_Length: 9", "Content-Length: 1"])}x`, "x"),
  normalised("GET with a body", `${head(["Content-Length: 1"], "GET / HTTP/1.1")}x`, "x"),
  normalised(
    "an upgrade to h2c",
    head(["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"]),
    "",
  ),
  normalised(
    "an upgrade beside a body",
    `${head(["Connection: Upgrade", "Upgrade: websocket", "Content-Length: 1"])}x`,
    "x",
  ),
  normalised("empty lines before the request", `\r\n\r\n${head([])}`, ""),
  normalised("close, then another request", head(["Connection: close"]) + SMUGGLED, ""),
  normalised(
    "a request behind an upgrade that was not granted",
    head(["Connection: Upgrade", "Upgrade: websocket"]) + SMUGGLED,
    "",
  ),
  rejected("CONNECT with a body", `${head(["Content-Length: 1"], "CONNECT a:443 HTTP/1.1")}x`),
  rejected("CONNECT with a coding", `${head(["Transfer-Encoding: chunked"], "CONNECT a:443 HTTP/1.1")}0\r\n\r\n`),
];

/** Every case. */
export const SMUGGLING_CASES: readonly SmugglingCase[] = [
  ...lengthAndCoding,
  ...codings,
  ...lengths,
  ...lines,
  ...startLines,
  ...hosts,
  ...chunkCases,
  ...readOnce,
];
