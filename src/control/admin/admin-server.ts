// The admin server: one HTTP listener on the main thread. Finds the page of a path and sends its answer; knows no page by name.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { systemClock } from "../../base/clock.ts";
import { DrivenWheel } from "../../base/driven-wheel.ts";
import { httpDate } from "../../base/http-date.ts";
import { createServer } from "../../base/node-http.ts";
import { Timer } from "../../base/timer-wheel.ts";
import type { AddressPlan } from "../../config/plan/address.ts";
import type { StatsWriter } from "../../telemetry/stats-memory.ts";
import { StatsReader } from "../../telemetry/stats-reader.ts";
import type { AdminLog } from "./admin-log.ts";
import { AdminStats } from "./admin-stats.ts";
import { AnswerRoom } from "./answer-room.ts";
import { Dashboard } from "./dashboard/dashboard.ts";
import { AdminGuard, type Refusal } from "./guard.ts";
import { forwardToMember, isForwarded } from "./mesh-forward.ts";
import { NODE_HEADER, nodeHeader } from "./node-field.ts";
import { type PageAnswer, type PageContext, textAnswer } from "./page.ts";
import { helpText, pagesOf } from "./page-table.ts";
import { ShownStats } from "./shown-stats.ts";
import { isTap, openTap } from "./tap/tap.ts";
import { WatchDesk } from "./tap/watch-desk.ts";
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

/** Times and numbers that a client cannot go beyond. */
export interface AdminLimits {
  /** Between two requests of a connection. */
  readonly idleMs: number;
  /** A head that has not come by then does not come. */
  readonly headMs: number;
  /** The same of a whole request. */
  readonly requestMs: number;
  /** Nothing moved on a connection, either way. */
  readonly stallMs: number;
  readonly connectionsMax: number;
}

/** Listens; rejects when the address cannot be bound. `ownStats`: where the listener counts itself; `log`: null, the default, writes none. */
export async function startAdminServer(
  view: AdminView,
  address: AddressPlan,
  ownStats: StatsWriter,
  more: Partial<AdminLimits> = {},
  log: AdminLog | null = null,
): Promise<AdminServer> {
  const limits = { ...LIMITS, ...more };
  const desk = openDesk(view, address, ownStats);
  const stats = new AdminStats(ownStats, () => view.uptimeMs());
  const terms = {
    keepAliveTimeout: limits.idleMs,
    headersTimeout: limits.headMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: Math.min(limits.headMs / 2, CHECK_MS),
    requireHostHeader: false,
  };
  const server = createServer(terms, (request, response) => {
    const over = stats.onRequest(request.socket);
    log?.watch(request, response);
    response.once("close", () => over(response.writableFinished ? response.statusCode : null));
    if (request.httpVersion === "1.0") refuse(desk.context, response, 426, "Upgrade Required");
    else if (request.headers.host === undefined) refuse(desk.context, response, 400, "");
    else receive(desk, request, response);
  });
  server.maxConnections = limits.connectionsMax;
  server.timeout = limits.stallMs;
  watchConnections(server, stats, desk);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    if (address.kind === "pipe") server.listen(address.path, resolve);
    else server.listen(address.port, address.host, resolve);
  });
  const bound = server.address();
  const real = typeof bound === "object" && bound !== null && address.kind === "socket" ? bound.port : 0;
  return {
    address: address.kind === "pipe" ? address : { ...address, port: real },
    flush: () => desk.context.stats.flush(),
    close: () =>
      new Promise((resolve) => {
        desk.dashboard.close();
        desk.watch.close();
        desk.wheel.stop();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What answers requests. */
interface Desk {
  readonly context: PageContext;
  readonly guard: AdminGuard;
  readonly dashboard: Dashboard;
  readonly watch: WatchDesk;
  readonly wheel: DrivenWheel;
  readonly room: AnswerRoom;
}

function openDesk(view: AdminView, address: AddressPlan, stats: StatsWriter): Desk {
  const clock = systemClock;
  const wheel = new DrivenWheel(clock, TICK_MS);
  const { adminTokenDigest, tapRedacts } = view.options;
  const guard = new AdminGuard({ clock, log: view.log, stats, tokenDigest: adminTokenDigest, address });
  const watch = new WatchDesk({ clock, wheel, requests: view.requests, redacts: tapRedacts });
  const reader = new StatsReader(view.stats);
  const context: PageContext = { view, stats: reader, shown: new ShownStats(view, reader), pages: pagesOf(view) };
  const room = new AnswerRoom({ stats, nowMs: () => view.uptimeMs() });
  return { context, guard, watch, wheel, room, dashboard: new Dashboard({ context, guard, watch, wheel }) };
}

function watchConnections(server: Server, stats: AdminStats, { context, room }: Desk): void {
  server.on("connection", (socket) => {
    stats.onConnection(socket);
    // Before the server's own listener, which ends our side in answer.
    socket.prependListener("end", () => {
      if (!socket.writableEnded) stats.onEndedByClient(socket);
    });
    socket.once("close", () => stats.onClosed(socket));
  });
  server.on("timeout", (socket) => {
    if (room.hasStalled(socket)) return;
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

function receive(desk: Desk, request: IncomingMessage, response: ServerResponse): void {
  const { context, guard, dashboard, watch, wheel } = desk;
  const { mesh } = context.view;
  if (mesh !== null && isForwarded(request.url ?? "")) {
    void forwardToMember(mesh, guard, request, response).then((refusal) => {
      if (refusal !== null) sendRefusal(desk, response, refusal);
    });
    return;
  }
  if (isTap(request)) {
    const refusal = openTap({ view: context.view, guard, wheel, desk: watch }, request, response);
    if (refusal !== null) sendRefusal(desk, response, refusal);
    return;
  }
  const own = dashboard.take(request, response);
  if (own !== "pass") {
    if (own !== null) sendRefusal(desk, response, own);
    return;
  }
  const refusal = changes(context, request) ? guard.refusesChange(request) : null;
  if (refusal !== null) {
    request.resume();
    sendRefusal(desk, response, refusal);
  } else if (request.method !== "POST") {
    request.resume();
    reply(desk, response, answerOf(context, request, ""));
  } else readForm(desk, request, response);
}

/** Whether the request wants to change the node. */
function changes({ pages }: PageContext, { method, url }: IncomingMessage): boolean {
  const { path } = readTarget(url ?? "/", "");
  return method === "POST" && pages.some((page) => page.mutates && page.path === path);
}

/** A form that is too large is refused as soon as it is, and no more of it is read. */
function readForm(desk: Desk, request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  let size = 0;
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= FORM_BYTES_MAX) chunks.push(chunk);
    else if (!response.headersSent) {
      chunks.length = 0;
      response.shouldKeepAlive = false;
      reply(desk, response, textAnswer("Payload Too Large", 413));
    }
  });
  request.on("end", () => {
    if (!response.headersSent) {
      reply(desk, response, answerOf(desk.context, request, Buffer.concat(chunks).toString("utf8")));
    }
  });
}

/** At once, or late. */
function sendRefusal(desk: Desk, response: ServerResponse, { answer, waitMs }: Refusal): void {
  if (waitMs === 0) sendAnswer(desk, response, answer);
  else desk.wheel.arm(new Timer(() => sendAnswer(desk, response, answer)), waitMs);
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
function sendAnswer({ context, room }: Desk, response: ServerResponse, given: PageAnswer): void {
  const bytes = given.bytes ?? Buffer.from(given.body);
  const isAdmitted = room.admits(response, bytes);
  const answer = isAdmitted ? given : TOO_MANY;
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
  if (answer.fields !== undefined) head.push(...answer.fields);
  if (response.shouldKeepAlive) response.removeHeader("connection");
  else head.push("connection", "close");
  head.push("transfer-encoding", "chunked");
  response.writeHead(answer.status, head);
  if (answer.afterwards !== undefined) response.once("finish", answer.afterwards);
  room.send(response, isAdmitted ? bytes : Buffer.from(answer.body));
}

/** Pages that are known at once are answered in this turn. */
function reply(desk: Desk, response: ServerResponse, answer: PageAnswer | Promise<PageAnswer>): void {
  if (answer instanceof Promise) void answer.then((late) => sendAnswer(desk, response, late));
  else sendAnswer(desk, response, answer);
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

const TOO_MANY = textAnswer("too many large answers are on their way to clients that do not read them\n", 503);
const FORM_BYTES_MAX = 65_536;
const TICK_MS = 50;
const CHECK_MS = 1_000;
const LIMITS: AdminLimits = {
  /** An hour, as Envoy's idle timeout: a client that keeps its connection must not meet a close with its next request. */
  idleMs: 3_600_000,
  headMs: 15_000,
  requestMs: 30_000,
  stallMs: 60_000,
  connectionsMax: 512,
};
