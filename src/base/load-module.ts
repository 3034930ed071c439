// Loads the ECMAScript module of a file whose text somebody has read already, at once and as often as the text changes. Called for filter
// modules by their check and by workers, once per thread and text; what a module imports is loaded once per thread.
import { createRequire, registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

/** A module's exports. Throws what the module throws, and for a text that is no module or awaits at its top. */
export function loadModule(file: string, text: string): Readonly<Record<string, unknown>> {
  const held = loaded.find((one) => one.file === file && one.text === text);
  if (held !== undefined) return held.exports;
  if (!isHooked) registerHooks({ resolve: resolveText, load: loadText });
  isHooked = true;
  const url = `${pathToFileURL(file).href}${MARK}${loaded.length}.${failures}`;
  texts.set(url, text);
  try {
    const exports = require(SCHEME + url) as Readonly<Record<string, unknown>>;
    loaded.push({ file, text, exports });
    return exports;
  } catch (fault) {
    failures++;
    throw fault;
  } finally {
    texts.delete(url);
  }
}

/** A fault in one line with its place in the module's file where the stack tells one: `file:line:column: TypeError: …`. */
export function moduleFault(fault: unknown, file: string): string {
  if (!(fault instanceof Error)) return `${file}: ${String(fault)}`;
  const url = pathToFileURL(file).href;
  const stack = (fault.stack ?? "").replaceAll(MARKS, "");
  const at = stack.indexOf(`${url}:`);
  const place = at < 0 ? "" : (/^:\d+(:\d+)?/.exec(stack.slice(at + url.length))?.[0] ?? "");
  const says = fault.message.split("\n", 1)[0]?.replaceAll(MARKS, "") ?? "";
  return `${file}${place}: ${fault.name}: ${says}`;
}

type Hooks = NonNullable<Parameters<typeof registerHooks>[0]>;

const resolveText: NonNullable<Hooks["resolve"]> = (specifier, context, next) => {
  if (!specifier.startsWith(SCHEME)) return next(specifier, context);
  const url = specifier.slice(SCHEME.length);
  return { url, format: formatOf(url), shortCircuit: true };
};

const loadText: NonNullable<Hooks["load"]> = (url, context, next) => {
  const source = texts.get(url);
  return source === undefined ? next(url, context) : { format: formatOf(url), source, shortCircuit: true };
};

function formatOf(url: string): "module" | "module-typescript" {
  return /\.[mc]?ts(?:%3F|$)/.test(url) ? "module-typescript" : "module";
}

/** Marks the addresses that differ from a file's only so that each text is loaded anew. */
const MARK = "%3Ftext=";
const MARKS = /(?:%3F|\?)text=\d+\.\d+/g;
const SCHEME = "starling-text:";
const require = createRequire(import.meta.url);
const texts = new Map<string, string>();
const loaded: { readonly file: string; readonly text: string; readonly exports: Readonly<Record<string, unknown>> }[] =
  [];
let failures = 0;
let isHooked = false;
