// Cuts .proto text into tokens, one at a time, skipping white space and comments. Called by proto-parser.ts only; knows no grammar.

/** What a token is: a name may hold dots (`google.protobuf.Any`), a text token is already unquoted. */
export type TokenKind = "name" | "number" | "text" | "mark" | "end";

/** A reader of tokens with one token of look-ahead (`kind`, `value`). */
export class ProtoScanner {
  readonly #source: string;
  #at = 0;
  kind: TokenKind = "end";
  value = "";

  constructor(source: string) {
    this.#source = source;
    this.next();
  }

  /** Moves to the next token. */
  next(): void {
    skip.lastIndex = this.#at;
    skip.test(this.#source);
    const start = skip.lastIndex;
    this.#at = start;
    if (start >= this.#source.length) {
      this.#set("end", "", start);
      return;
    }
    token.lastIndex = start;
    const found = token.exec(this.#source);
    if (found === null) {
      this.#set("mark", this.#source.charAt(start), start + 1);
      return;
    }
    const text = found[0];
    const first = text.charCodeAt(0);
    if (first === quoteDouble || first === quoteSingle) this.#set("text", unquote(text), token.lastIndex);
    else this.#set(isDigit(first) ? "number" : "name", text, token.lastIndex);
  }

  /** Takes the token if its text is this mark or word. */
  take(value: string): boolean {
    if (this.value !== value || this.kind === "text") return false;
    this.next();
    return true;
  }

  /** Takes this mark or word; throws when something else stands there. */
  expect(value: string): void {
    if (!this.take(value)) throw new SyntaxError(`expected ${value}, found ${this.value} at offset ${this.#at}`);
  }

  /** Takes any token and returns its text. */
  shift(): string {
    const value = this.value;
    this.next();
    return value;
  }

  #set(kind: TokenKind, value: string, at: number): void {
    this.kind = kind;
    this.value = value;
    this.#at = at;
  }
}

function unquote(text: string): string {
  const inner = text.slice(1, -1);
  if (!inner.includes("\\")) return inner;
  return inner.replace(escapeForm, (_whole, hex: string | undefined, octal: string | undefined, letter: string) =>
    hex !== undefined
      ? String.fromCharCode(Number.parseInt(hex, 16))
      : octal !== undefined
        ? String.fromCharCode(Number.parseInt(octal, 8))
        : (escapes[letter] ?? letter),
  );
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

const skip = /(?:[ \t\r\n]+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
const token = /\.?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*|\d[\w.]*(?:[eE][+-]?\d+)?|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/y;
const escapeForm = /\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))/g;
const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", a: "\x07", b: "\b", f: "\f", v: "\v" };
const quoteDouble = 0x22;
const quoteSingle = 0x27;
