// A filter module: lets requests with a known token pass, tells the upstream who sent them, and answers others 403.
// config: { tokens: { <token>: <who> }, header?: <name, default x-token> }. A route's config takes the place of the filter's.
import type { OpenFilter } from "../../src/index.ts";

/** Called once per worker and configuration. */
export const open: OpenFilter = (config, context) => {
  const { header = "x-token", tokens } = config;
  if (typeof header !== "string" || typeof tokens !== "object" || tokens === null) {
    throw new TypeError("config wants tokens: { <token>: <who> }");
  }
  const known = new Map(Object.entries(tokens).map(([token, who]) => [token, String(who)]));
  const refused = context.counter("refused");
  return (callbacks) => ({
    decodeHeaders(headers) {
      const who = known.get(headers.get(header) ?? "");
      if (who === undefined) {
        refused.add();
        callbacks.sendLocalReply({ status: 403, body: "no known token\n", details: "require_token" });
        return "StopIteration";
      }
      headers.remove(header);
      headers.set("x-user", who);
      return "Continue";
    },
  });
};
