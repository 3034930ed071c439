// What the text of a runtime entry means as a number, a truth or a share, as Envoy 1.40 reads it. Asked on the request path for keys that
// are set, so texts are read once.

/** A text with what it can be read as; null: it is nothing of the kind. */
export interface RuntimeValue {
  /** Whole and not negative: decimals are cut off. */
  readonly integer: number | null;
  readonly decimal: number | null;
  readonly share: RuntimeShare | null;
}

/** So many of `denominator` random numbers. */
export interface RuntimeShare {
  readonly numerator: number;
  readonly denominator: number;
}

/** What a text means. */
export function runtimeValue(text: string): RuntimeValue {
  const known = values.get(text);
  if (known !== undefined) return known;
  // A client of /runtime_modify can send ever new texts.
  if (values.size >= TEXTS_MAX) values.clear();
  const value = readValue(text);
  values.set(text, value);
  return value;
}

function readValue(text: string): RuntimeValue {
  const trimmed = text.trim().replace(/\s+#.*$/, "");
  const decimal = readNumber(trimmed);
  const isWhole = decimal !== null && decimal >= 0 && decimal < INTEGER_END;
  // -0 is 0.
  const integer = isWhole ? Math.trunc(decimal) + 0 : null;
  return { integer, decimal, share: decimal === null ? readShare(trimmed) : shareOfPercent(integer) };
}

/** YAML's whole numbers (also 0x14 and 024) and what strtod takes; words such as inf are none. */
function readNumber(text: string): number | null {
  if (/^[+-]?0x[0-9a-f]+$/i.test(text)) return Number.parseInt(text, 16);
  if (/^[+-]?0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text)) ? Number(text) : null;
}

/** A whole number is percent whatever the route's own denominator is; over 100 it is always. */
function shareOfPercent(integer: number | null): RuntimeShare | null {
  return integer === null ? null : { numerator: Math.min(integer, 100), denominator: 100 };
}

/**
 * A FractionalPercent as JSON or YAML: `{"numerator": 255, "denominator": "TEN_THOUSAND"}`. A numerator that is no whole number is 0 and a
 * negative one is always, as in Envoy; another field or an unknown denominator makes it no share.
 */
function readShare(text: string): RuntimeShare | null {
  const inner = /^\{([^{}]*)\}$/.exec(text)?.[1] ?? (/^[\w"']+\s*:\s/.test(text) ? text : null);
  if (inner === null) return null;
  const share = { numerator: 0, denominator: 100 };
  for (const field of inner.split(/[,\n]/).filter((part) => part.trim() !== "")) {
    const [, , name, , word] = /^\s*(["']?)(\w+)\1\s*:\s*(["']?)([^"']*?)\3\s*$/.exec(field) ?? [];
    if (name === "numerator") share.numerator = numeratorOf(field, word ?? "");
    else if (name === "denominator" && word !== undefined && word in DENOMINATORS) {
      share.denominator = DENOMINATORS[word] as number;
    } else return null;
  }
  return share;
}

function numeratorOf(field: string, word: string): number {
  const isText = /["']\s*$/.test(field);
  const number = isText || /[.e]/i.test(word.replace(/^0x/i, "")) ? null : readNumber(word);
  return number === null ? 0 : number < 0 ? Number.POSITIVE_INFINITY : number % UINT32_END;
}

const values = new Map<string, RuntimeValue>();
/** Texts whose meaning is kept. */
const TEXTS_MAX = 1_000;
const INTEGER_END = 2 ** 64;
const UINT32_END = 2 ** 32;
const DENOMINATORS: Readonly<Record<string, number>> = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 };
