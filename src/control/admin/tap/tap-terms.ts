// What a query of /tap asks for. Wrong words are refused: a tap that shows nothing because of a slip would be believed.
import { didYouMean } from "../../../base/did-you-mean.ts";
import type { TapTerms } from "../../../telemetry/request-watch.ts";

/** A tap that was asked for. */
export interface TapAsk {
  readonly terms: Omit<TapTerms, "id">;
  /** It ends after so many requests. Infinity: not for that. */
  readonly count: number;
  /** It ends after this time. */
  readonly ms: number;
}

/** The ask, or what is wrong with it as a line. `redacts`: fields that nobody may ask the value of. */
export function readTapAsk(query: URLSearchParams, redacts: readonly string[]): TapAsk | string {
  for (const name of query.keys())
    if (!WORDS.includes(name)) return `no such word: '${name}'${didYouMean(name, WORDS)}`;
  const text = (name: string): string => query.get(name) ?? "";
  const classes = text("status").split(",").filter(Boolean).map(classOf);
  if (classes.includes(-1)) return `status: '${text("status")}' is not such as 5xx or 4xx,5xx (none: no answer)`;
  const [header = "", ...value] = text("header").split(":");
  const headerValue = value.join(":").trim();
  if (headerValue !== "" && redacts.includes(header.trim().toLowerCase()))
    return `header: the value of ${header} is shown to nobody`;
  const sample = numberOf(query, "sample", 100);
  const count = numberOf(query, "count", Number.POSITIVE_INFINITY);
  const seconds = numberOf(query, "seconds", SECONDS_MAX);
  if (!(sample > 0 && sample <= 100)) return `sample: '${text("sample")}' is no share in percent`;
  if (!(count >= 1) || count % 1 > 0) return `count: '${text("count")}' is no whole number from 1 on`;
  if (!(seconds > 0 && seconds <= SECONDS_MAX)) return `seconds: '${text("seconds")}' is not up to ${SECONDS_MAX}`;
  return {
    terms: {
      cluster: text("cluster"),
      route: text("route"),
      path: text("path"),
      method: text("method").toUpperCase(),
      classes,
      header: header.trim().toLowerCase(),
      headerValue,
      share: sample / 100,
    },
    count,
    ms: seconds * 1_000,
  };
}

/** `5xx` or `5`; `none` is 0; what is neither -1. */
function classOf(word: string): number {
  if (word === "none") return 0;
  return Number(/^(?<digit>[1-5])(?:xx)?$/i.exec(word)?.groups?.["digit"] ?? -1);
}

function numberOf(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  return text === null || text === "" ? otherwise : Number(text);
}

const WORDS = ["cluster", "route", "path", "status", "method", "header", "sample", "count", "seconds", "format"];
/** Whoever wants more asks again. */
const SECONDS_MAX = 600;
