// The admin pages of a server of load reports, over HTTP/1.1: what it counted and whether it serves. Called by the command line.
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer } from "../../../base/node-http.ts";
import { jsonAnswer, type PageAnswer, textAnswer } from "../../admin/page.ts";
import { jsonStats, selectStats } from "../../admin/pages/stats.ts";
import { readTarget } from "../../admin/target.ts";
import { loadJson, prometheusText, type ShownServer, statValues } from "./stats-pages.ts";

/** The listening pages. */
export interface LrsAdmin {
  readonly port: number;
  /** /ready says from now on that it goes. */
  drain(): void;
  close(): Promise<void>;
}

/** Listens; rejects when the address cannot be bound. */
export async function startLrsAdmin(
  server: ShownServer,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<LrsAdmin> {
  let isDraining = false;
  const http = createServer((request, response) => {
    request.resume();
    const { status, contentType, body } = answerOf(server, request, isDraining);
    response.writeHead(status, {
      "content-type": contentType,
      "cache-control": "no-cache, max-age=0",
      "x-content-type-options": "nosniff",
    });
    response.end(body);
  });
  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen(port, host, resolve);
  });
  return {
    port: (http.address() as AddressInfo).port,
    drain: () => {
      isDraining = true;
    },
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}

function answerOf(server: ShownServer, request: IncomingMessage, isDraining: boolean): PageAnswer {
  const { path, query } = readTarget(request.url ?? "/", "");
  if (request.method !== "GET" && request.method !== "HEAD") return textAnswer("only GET\n", 405);
  switch (path) {
    case "/ready":
      return isDraining ? textAnswer("DRAINING\n", 503) : textAnswer("LIVE\n");
    case "/stats":
      return statsAnswer(server, query);
    case "/stats/prometheus":
      return textAnswer(prometheusText(server));
    case "/load":
      return jsonAnswer(loadJson(server));
    case "/":
    case "/help":
      return textAnswer(HELP);
  }
  return textAnswer(`invalid path. ${HELP}`, 404);
}

function statsAnswer(server: ShownServer, query: URLSearchParams): PageAnswer {
  const format = query.get("format") ?? "text";
  if (format === "prometheus") return textAnswer(prometheusText(server));
  const stats = { values: () => statValues(server), histograms: () => [] };
  const selected = selectStats({ stats }, query);
  if ("status" in selected) return selected;
  if (format === "json") return jsonStats(selected, "summary");
  if (format !== "text") return textAnswer("usage: /stats?format=(json|prometheus|text)\n\n", 400);
  return textAnswer(selected.values.map(({ name, value }) => `${name}: ${value}\n`).join(""));
}

const HELP = `admin commands are:
  /load: what was reported, by cluster, locality and endpoint, and by whom, as JSON
  /ready: print LIVE while reports are taken
  /stats: print what was reported (filter, invert_filter, usedonly, format=text|json|prometheus)
  /stats/prometheus: the same in Prometheus' format
`;
