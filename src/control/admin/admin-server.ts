// The admin server: one HTTP listener on the main thread. Finds the page of a path and sends its answer; knows no page by name.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { httpDate } from "../../base/iso-time.ts";
import type { AddressPlan } from "../../config/plan/address.ts";
import { StatsReader } from "../../telemetry/stats-reader.ts";
import { type PageAnswer, type PageContext, textAnswer } from "./page.ts";
import { helpText, PAGES } from "./page-table.ts";
import type { AdminView } from "./view.ts";

/** A listening admin server. */
export interface AdminServer {
  /** Where it listens, the port real. */
  readonly address: AddressPlan;
  /** Takes the histograms as they are now; called every stats_flush_interval. */
  flush(): void;
  /** Ends it and its connections. */
  close(): Promise<void>;
}

/** Listens; rejects when the address cannot be bound. */
export async function startAdminServer(view: AdminView, address: AddressPlan): Promise<AdminServer> {
  const context: PageContext = { view, stats: new StatsReader(view.stats), pages: PAGES };
  const server = createServer((request, response) => receive(context, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    if (address.kind === "pipe") server.listen(address.path, resolve);
    else server.listen(address.port, address.host, resolve);
  });
  const bound = server.address();
  const real = typeof bound === "object" && bound !== null && address.kind === "socket" ? bound.port : 0;
  return {
    address: address.kind === "pipe" ? address : { ...address, port: real },
    flush: () => context.stats.flush(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function receive(context: PageContext, request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== "POST") {
    request.resume();
    send(context, request, response, "");
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= FORM_BYTES_MAX) chunks.push(chunk);
  });
  request.on("end", () => send(context, request, response, Buffer.concat(chunks).toString("utf8")));
}

function send(context: PageContext, request: IncomingMessage, response: ServerResponse, form: string): void {
  const answer = answerOf(context, request, form);
  response.sendDate = false;
  response.writeHead(answer.status, {
    "content-type": answer.contentType,
    "cache-control": "no-cache, max-age=0",
    "x-content-type-options": "nosniff",
    date: httpDate(context.view.startedWallMs + context.view.uptimeMs()),
    server: "envoy",
  });
  if (answer.afterwards !== undefined) response.once("finish", answer.afterwards);
  response.write(answer.body);
  response.end();
}

function answerOf(context: PageContext, request: IncomingMessage, form: string): PageAnswer {
  const url = new URL(request.url ?? "/", "http://admin");
  const page = context.pages.find((one) => one.path === url.pathname);
  if (page === undefined) return textAnswer(`invalid path. ${helpText(context.pages)}`, 404);
  if (page.mutates && request.method !== "POST") {
    return textAnswer(`Method ${request.method} not allowed, POST required.`, 405);
  }
  const query = url.searchParams;
  if ((request.headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded")) {
    for (const [name, value] of new URLSearchParams(form)) query.append(name, value);
  }
  try {
    return page.answer(context, query);
  } catch (error) {
    context.view.log.write({ level: "error", component: "admin", text: `${page.path}: ${(error as Error).stack}` });
    return textAnswer(`${page.path} failed: ${(error as Error).message}\n`, 500);
  }
}

const FORM_BYTES_MAX = 65_536;
