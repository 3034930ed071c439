// What an admin page is: a path with its help, and a function from a query to an answer. Pages never see sockets.
import type { StatsReader } from "../../telemetry/stats-reader.ts";
import type { ShownStats } from "./shown-stats.ts";
import type { AdminView } from "./view.ts";

/** What every page may use. */
export interface PageContext {
  readonly view: AdminView;
  readonly stats: StatsReader;
  /** Statistics as the configuration wants them shown. */
  readonly shown: ShownStats;
  readonly pages: readonly Page[];
}

/** A parameter with its help text. */
export interface PageParameter {
  readonly id: string;
  readonly help: string;
}

/** One admin page. */
export interface Page {
  readonly path: string;
  readonly help: string;
  /** Changes something: only POST. */
  readonly mutates: boolean;
  readonly parameters: readonly PageParameter[];
  /** Answers a request; `query` holds the URL's parameters, and the form's of a POST. */
  answer(context: PageContext, query: URLSearchParams): PageAnswer | Promise<PageAnswer>;
}

/** What a page says. */
export interface PageAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** In place of the body: bytes that may be sent to many. */
  readonly bytes?: Buffer;
  /** Further fields of the head, names and values in turn. */
  readonly fields?: readonly string[];
  /** Done after the answer was sent. */
  readonly afterwards?: () => void;
}

/** A text answer. */
export function textAnswer(body: string, status: number = 200): PageAnswer {
  return { status, contentType: "text/plain; charset=UTF-8", body };
}

/** A JSON answer, indented by one space and with `<`, `>` and `&` escaped as Envoy prints its messages. */
export function jsonAnswer(value: unknown): PageAnswer {
  return { status: 200, contentType: "application/json", body: `${envoyJson(value, 1)}\n` };
}

/** JSON as Envoy prints it. */
export function envoyJson(value: unknown, indent: number): string {
  const text = JSON.stringify(value, null, indent);
  return text.replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}

/** A page that only shows. */
export function showing(
  path: string,
  help: string,
  answer: Page["answer"],
  parameters: Readonly<Record<string, string>> = {},
): Page {
  return { path, help, mutates: false, answer, parameters: parameterList(parameters) };
}

/** A page that changes something. */
export function changing(
  path: string,
  help: string,
  answer: Page["answer"],
  parameters: Readonly<Record<string, string>> = {},
): Page {
  return { path, help, mutates: true, answer, parameters: parameterList(parameters) };
}

function parameterList(parameters: Readonly<Record<string, string>>): PageParameter[] {
  return Object.entries(parameters).map(([id, help]) => ({ id, help }));
}
