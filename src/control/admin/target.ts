// The target of an admin request: its path and its parameters, read as Envoy reads them.

/** Where a request goes. */
export interface AdminTarget {
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Never throws. `form`: the body of a form; its parameters count when the URL has none, as Envoy's do. */
export function readTarget(url: string, form: string): AdminTarget {
  const target = url.replace(/^https?:\/\/[^/?#]*/i, "").replace(/#.*$/s, "");
  const mark = target.indexOf("?");
  const path = (mark < 0 ? target : target.slice(0, mark)) || "/";
  // A plus is a plus in an Envoy URL: filters are regular expressions. In forms it is a space, as browsers write them.
  const query = new URLSearchParams(mark < 0 ? "" : target.slice(mark + 1).replaceAll("+", "%2B"));
  return { path, query: [...query].length > 0 ? query : new URLSearchParams(form) };
}
