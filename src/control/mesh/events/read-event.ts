// Events as anybody on the bus may have written them: checked, and one line for a person. Called by event-watch.ts. Nothing of a
// message reaches a terminal that could move its cursor.

/** A CloudEvent. */
export interface ReadEvent {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  /** Empty: not said. */
  readonly time: string;
  /** Empty: not said. */
  readonly subject: string;
  /** Empty when it is no object. */
  readonly data: Readonly<Record<string, unknown>>;
  /** All of it on one line. */
  readonly json: string;
}

/** The event of a message; null: it is no CloudEvent 1.0 in JSON. */
export function readEvent(payload: Uint8Array): ReadEvent | null {
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("utf8");
  const parsed = objectOf(text);
  if (parsed === null || parsed["specversion"] !== "1.0") return null;
  const [id, type, source] = ["id", "type", "source"].map((name) => textOf(parsed[name]));
  if (!id || !type || !source) return null;
  const { data } = parsed;
  return {
    id,
    type,
    source,
    time: textOf(parsed["time"]),
    subject: textOf(parsed["subject"]),
    data: isObject(data) ? data : {},
    json: oneLine(text),
  };
}

/** What happened, for a person: time, what, whom, why. */
export function eventLine(event: ReadEvent): string {
  return printable(`${event.time || "(no time)"}  ${wordsOf(event)}`);
}

/** The same without the time, and what it is about by one word: `health`, `node`, `runtime`. */
export function eventWords(event: ReadEvent): { readonly about: string; readonly text: string } {
  const { about = "event", text = "" } = /^(?<about>[a-z]+) {2,}(?<text>.*)$/s.exec(wordsOf(event))?.groups ?? {
    text: wordsOf(event),
  };
  return { about, text: printable(text).slice(0, TEXT_MAX) };
}

/** Text without what a terminal acts on. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "\u{fffd}");
}

function wordsOf(event: ReadEvent): string {
  const say = (name: string): string => textOf(event.data[name]);
  const family = FAMILIES.find((one) => one.type.test(event.type));
  return family?.words(say, event) ?? `${event.type} ${event.subject}`;
}

interface Family {
  readonly type: RegExp;
  words(say: (name: string) => string, event: ReadEvent): string;
}

const FAMILIES: readonly Family[] = [
  {
    type: /^dev\.starling\.endpoint\.health\.changed\.v1$/,
    words: (say, { data, source }) => {
      const observers = listOf(data["observers"]);
      const seen = observers === "" ? "" : `, seen by ${observers}`;
      const scope = say("scope") === "node" ? `, for ${source} only` : "";
      const change = `${say("from")} -> ${say("to")}${because(say("reason"))}`;
      return `health   ${say("cluster")} ${say("endpoint")}: ${change}${seen}${scope}`;
    },
  },
  {
    type: /^dev\.starling\.outlier\.(ejected|returned)\.v1$/,
    words: (say, { type }) =>
      `outlier  ${say("cluster")} ${say("endpoint")}: ${changeOf(type)} on ${say("node")}${because(say("reason"))}`,
  },
  {
    type: /^dev\.starling\.node\.(joined|ready|draining|left|lost)\.v1$/,
    words: (say, { type }) => `node     ${say("node")} ${changeOf(type)}`,
  },
  {
    type: /^dev\.starling\.worker\.(crashed|restarted)\.v1$/,
    words: (say, { type }) => `worker   ${say("worker")} on ${say("node")} ${changeOf(type)}${because(say("reason"))}`,
  },
  {
    type: /^dev\.starling\.config\.(applied|refused)\.v1$/,
    words: (say, { data, type }) =>
      `config   ${say("node")} ${changeOf(type)} version ${say("version")}${because(listOf(data["errors"], "; "))}`,
  },
  {
    type: /^dev\.starling\.runtime\.(changed|step|held|done|rolled_back|refused)\.v1$/,
    words: (say, { data, type }) => {
      const change = changeOf(type);
      const steps = Number(data["steps"]) > 0 ? `, step ${Number(data["step"])} of ${Number(data["steps"])}` : "";
      const what =
        change === "refused"
          ? `refused ${say("to")}`
          : `${change.replace("_", " ")}, ${say("value") || "not set"}${steps}`;
      return `runtime  ${say("key")} ${what}, by ${say("writer")}${because(say("reason"))}`;
    },
  },
];

const TEXT_MAX = 600;

function because(reason: string): string {
  return reason === "" ? "" : `: ${reason}`;
}

/** `ejected` of `dev.starling.outlier.ejected.v1`. */
function changeOf(type: string): string {
  return type.split(".").at(-2) ?? "";
}

function objectOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function listOf(value: unknown, between: string = ", "): string {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string").join(between) : "";
}

/** Valid JSON has control characters only between its tokens, all others only within its strings. */
function oneLine(json: string): string {
  return json
    .replace(/[\t\n\r]/g, " ")
    .replace(/[\x7f-\x9f\u2028\u2029]|\p{Cf}/gu, (char) =>
      [...Array(char.length).keys()].map((i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, "0")}`).join(""),
    );
}
