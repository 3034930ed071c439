// The admin server: one HTTP listener on the main thread. Finds the page of a path and sends its answer; knows no page by name.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { httpDate } from "../../base/http-date.ts";
import type { AddressPlan } from "../../config/plan/address.ts";
import type { StatsWriter } from "../../telemetry/stats-memory.ts";
import { StatsReader } from "../../telemetry/stats-reader.ts";
import { AdminStats } from "./admin-stats.ts";
import { Dashboard } from "./dashboard/dashboard.ts";
import { forwardToMember, isForwarded, NODE_HEADER, nodeHeader } from "./mesh-forward.ts";
import { type PageAnswer, type PageContext, textAnswer } from "./page.ts";
import { helpText, pagesOf } from "./page-table.ts";
import { readTarget } from "./target.ts";
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

/** Listens; rejects when the address cannot be bound. `ownStats`: where the listener counts itself. `idleMs`: default an hour. */
export async function startAdminServer(
  view: AdminView,
  address: AddressPlan,
  ownStats: StatsWriter,
  idleMs: number = IDLE_MS,
): Promise<AdminServer> {
  const context: PageContext = { view, stats: new StatsReader(view.stats), pages: pagesOf(view) };
  const dashboard = new Dashboard(context);
  const stats = new AdminStats(ownStats, () => view.uptimeMs());
  const server = createServer({ keepAliveTimeout: idleMs, requireHostHeader: false }, (request, response) => {
    const over = stats.onRequest(request.socket);
    response.once("close", () => over(response.writableFinished ? response.statusCode : null));
    if (request.httpVersion === "1.0") refuse(context, response, 426, "Upgrade Required");
    else if (request.headers.host === undefined) refuse(context, response, 400, "");
    else receive(context, dashboard, request, response);
  });
  watchConnections(server, stats, context);
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
        dashboard.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function watchConnections(server: Server, stats: AdminStats, context: PageContext): void {
  server.on("connection", (socket) => {
    stats.onConnection(socket);
    // Before the server's own listener, which ends our side in answer.
    socket.prependListener("end", () => {
      if (!socket.writableEnded) stats.onEndedByClient(socket);
    });
    socket.once("close", () => stats.onClosed(socket));
  });
  server.on("timeout", (socket) => {
    stats.onIdle();
    socket.destroy();
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const refusal = error.code?.startsWith("HPE_") ? refusalOf(error.code) : null;
    if (refusal === null || !socket.writable) {
      if (error.code === "ECONNRESET") stats.onEndedByClient(socket as Socket);
      socket.destroy();
      return;
    }
    stats.onProtocolError();
    const date = httpDate(context.view.startedWallMs + context.view.uptimeMs());
    socket.end(
      `HTTP/1.1 ${refusal.status} ${refusal.text}\r\ncontent-length: ${refusal.text.length}\r\ncontent-type: text/plain\r\n` +
        `date: ${date}\r\nserver: envoy\r\nconnection: close\r\n\r\n${refusal.text}`,
    );
  });
}

function refusalOf(code: string): { readonly status: number; readonly text: string } {
  return code === "HPE_HEADER_OVERFLOW"
    ? { status: 431, text: "Request Header Fields Too Large" }
    : { status: 400, text: "Bad Request" };
}

function receive(context: PageContext, dashboard: Dashboard, request: IncomingMessage, response: ServerResponse): void {
  const { mesh } = context.view;
  if (mesh !== null && isForwarded(request.url ?? "")) {
    void forwardToMember(mesh, request, response).then((refusal) => {
      if (refusal !== null) sendAnswer(context, response, refusal);
    });
    return;
  }
  const own = dashboard.take(request, response);
  if (own !== "pass") {
    if (own !== null) sendAnswer(context, response, own);
    return;
  }
  if (request.method !== "POST") {
    request.resume();
    reply(context, response, answerOf(context, request, ""));
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= FORM_BYTES_MAX) chunks.push(chunk);
  });
  request.on("end", () => {
    const tooLarge = size > FORM_BYTES_MAX;
    const form = tooLarge ? "" : Buffer.concat(chunks).toString("utf8");
    const answer = tooLarge ? textAnswer("Payload Too Large", 413) : answerOf(context, request, form);
    reply(context, response, answer);
  });
}

/** Refuses a message that is HTTP but not what the listener serves, in Envoy's form, and ends the connection. */
function refuse(context: PageContext, response: ServerResponse, status: number, body: string): void {
  response.sendDate = false;
  const length = ["content-length", String(body.length)];
  const date = httpDate(context.view.startedWallMs + context.view.uptimeMs());
  const common = ["date", date, "server", "envoy", "connection", "close"];
  const head = body === "" ? [...common, ...length] : [...length, "content-type", "text/plain", ...common];
  response.writeHead(status, head);
  response.end(body);
}

/** Envoy's head to the byte: names in lower case, in its order, and no `connection` on one that stays. */
function sendAnswer(context: PageContext, response: ServerResponse, answer: PageAnswer): void {
  response.sendDate = false;
  const head = [
    ...["content-type", answer.contentType],
    ...["cache-control", "no-cache, max-age=0"],
    ...["x-content-type-options", "nosniff"],
    ...["date", httpDate(context.view.startedWallMs + context.view.uptimeMs())],
    ...["server", "envoy"],
  ];
  const { mesh } = context.view;
  if (mesh !== null) head.push(NODE_HEADER, nodeHeader(mesh.node));
  if (response.shouldKeepAlive) response.removeHeader("connection");
  else head.push("connection", "close");
  head.push("transfer-encoding", "chunked");
  response.writeHead(answer.status, head);
  if (answer.afterwards !== undefined) response.once("finish", answer.afterwards);
  response.end(answer.body);
}

/** Pages that are known at once are answered in this turn. */
function reply(context: PageContext, response: ServerResponse, answer: PageAnswer | Promise<PageAnswer>): void {
  if (answer instanceof Promise) void answer.then((late) => sendAnswer(context, response, late));
  else sendAnswer(context, response, answer);
}

function answerOf(context: PageContext, request: IncomingMessage, form: string): PageAnswer | Promise<PageAnswer> {
  const isForm = (request.headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded");
  const { path, query } = readTarget(request.url ?? "/", isForm ? form : "");
  const page = context.pages.find((one) => one.path === path);
  if (page === undefined) return textAnswer(`invalid path. ${helpText(context.pages)}`, 404);
  if (page.mutates && request.method !== "POST") {
    return textAnswer(`Method ${request.method} not allowed, POST required.`, 405);
  }
  const failed = (error: unknown): PageAnswer => {
    context.view.log.write({ level: "error", component: "admin", text: `${page.path}: ${(error as Error).stack}` });
    return textAnswer(`${page.path} failed: ${(error as Error).message}\n`, 500);
  };
  try {
    const answer = page.answer(context, query);
    return answer instanceof Promise ? answer.catch(failed) : answer;
  } catch (error) {
    return failed(error);
  }
}

const FORM_BYTES_MAX = 65_536;
/** An hour, as Envoy's idle timeout: a client that keeps its connection must not meet a close with its next request. */
const IDLE_MS = 3_600_000;
