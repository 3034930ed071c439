// The dashboard on the admin port: which requests are its own, and its answers. Called by admin-server.ts before the pages,
// which are Envoy's: none of them, nor /help, knows of it.
import type { IncomingMessage, ServerResponse } from "node:http";
import { systemClock } from "../../../base/clock.ts";
import type { TimerWheel } from "../../../base/timer-wheel.ts";
import { type AdminGuard, type Refusal, refusal } from "../guard.ts";
import { nodeField } from "../node-field.ts";
import type { PageContext } from "../page.ts";
import type { WatchDesk } from "../tap/watch-desk.ts";
import { readTarget } from "../target.ts";
import { EventStream, READERS_MAX } from "./event-stream.ts";
import { type PageFile, pageFile } from "./page-files.ts";
import { takeSnapshot } from "./snapshot.ts";

/** What it stands on. */
export interface DashboardParts {
  readonly context: PageContext;
  readonly guard: AdminGuard;
  readonly watch: WatchDesk;
  readonly wheel: TimerWheel;
}

/** One node's dashboard. */
export class Dashboard {
  private readonly context: PageContext;
  private readonly guard: AdminGuard;
  private readonly events: EventStream;

  constructor({ context, guard, watch, wheel }: DashboardParts) {
    this.context = context;
    this.guard = guard;
    this.events = new EventStream({
      clock: systemClock,
      wheel,
      snapshot: () => takeSnapshot(context, { watch, guard }),
      onFailed: (error) => {
        const text = `dashboard: ${(error as Error).stack}`;
        context.view.log.write({ level: "error", component: "admin", text });
      },
    });
  }

  /**
   * Answers a request of the dashboard. `pass`: it is none, a page's. Else a refusal to send, or null: it is answered. A browser that asks
   * for `/` gets the dashboard, all others Envoy's page, as browsers do with `/?commands`.
   */
  take(request: IncomingMessage, response: ServerResponse): Refusal | "pass" | null {
    const { path, query } = readTarget(request.url ?? "/", "");
    if (path === "/") {
      if (request.method === "POST" || query.has("commands") || !wantsHtml(request)) return "pass";
      return this.sendFile("index.html", request, response);
    }
    if (path !== PATH && !path.startsWith(`${PATH}/`)) return "pass";
    if (request.method === "POST" && path === `${PATH}/token`) return this.tryToken(request, response);
    if (request.method !== "GET" && request.method !== "HEAD") {
      request.resume();
      return refusal("the dashboard only shows: GET\n", 405);
    }
    if (path === PATH) return this.sendFile("index.html", request, response);
    if (path === `${PATH}/events`) return this.sendEvents(request, response);
    return this.sendFile(path.slice(PATH.length + 1), request, response);
  }

  /** Ends its streams. */
  close(): void {
    this.events.close();
  }

  /** Says whether the token in the head is the one of the node, so that the page need not try it on something. */
  private tryToken(request: IncomingMessage, response: ServerResponse): Refusal | null {
    request.resume();
    if (!this.guard.hasToken) return refusal("this node was started without a token\n", 404);
    const why = this.guard.refusesChange(request);
    if (why !== null) return why;
    this.writeHead(response, 204, { "cache-control": "no-store" });
    response.end();
    return null;
  }

  private sendFile(name: string, request: IncomingMessage, response: ServerResponse): Refusal | null {
    const file = pageFile(name);
    if (file === null) return refusal(`the dashboard has no '${PATH}/${encodeURI(name)}'\n`, 404);
    request.resume();
    if (request.headers["if-none-match"]?.includes(file.etag)) this.writeHead(response, 304, fileHead(file));
    else this.sendBody(file, request, response);
    response.end();
    return null;
  }

  private sendBody(file: PageFile, { headers, method }: IncomingMessage, response: ServerResponse): void {
    const isPacked = /\bbr\b/.test(headers["accept-encoding"]?.toString() ?? "");
    const body = isPacked ? file.packed() : file.plain;
    this.writeHead(response, 200, {
      "content-type": file.contentType,
      "content-length": body.length,
      ...(isPacked ? { "content-encoding": "br" } : {}),
      ...fileHead(file),
    });
    if (method !== "HEAD") response.write(body);
  }

  private sendEvents(request: IncomingMessage, response: ServerResponse): Refusal | null {
    request.resume();
    if (this.events.size >= READERS_MAX) return refusal(`${READERS_MAX} readers is all there is place for\n`, 503);
    this.writeHead(response, 200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.flushHeaders();
    if (request.method === "HEAD") response.end();
    else this.events.join(response);
    return null;
  }

  private writeHead(response: ServerResponse, status: number, head: Readonly<Record<string, string | number>>): void {
    const node = nodeField(this.context.view.mesh);
    response.writeHead(status, { ...head, ...node, "x-content-type-options": "nosniff", server: "envoy" });
  }
}

function wantsHtml({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes("text/html") ?? false;
}

function fileHead({ etag }: PageFile): Readonly<Record<string, string>> {
  return {
    etag,
    "cache-control": "no-cache",
    vary: "accept, accept-encoding",
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
  };
}

const PATH = "/dashboard";
/** Nothing from elsewhere, nothing inline, no frame around it. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
