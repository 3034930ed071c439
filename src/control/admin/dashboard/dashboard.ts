// The dashboard on the admin port: which requests are its own, and its answers. Reads only. Called by admin-server.ts before the pages,
// which are Envoy's: none of them, nor /help, knows of it.
import type { IncomingMessage, ServerResponse } from "node:http";
import { systemClock } from "../../../base/clock.ts";
import { DrivenWheel } from "../../../base/driven-wheel.ts";
import { NODE_HEADER, nodeHeader } from "../mesh-forward.ts";
import { type PageAnswer, type PageContext, textAnswer } from "../page.ts";
import { readTarget } from "../target.ts";
import { EventStream, READERS_MAX } from "./event-stream.ts";
import { type PageFile, pageFile } from "./page-files.ts";
import { takeSnapshot } from "./snapshot.ts";

/** One node's dashboard. */
export class Dashboard {
  private readonly context: PageContext;
  private readonly wheel = new DrivenWheel(systemClock, TICK_MS);
  private readonly events: EventStream;

  constructor(context: PageContext) {
    this.context = context;
    this.events = new EventStream({
      clock: systemClock,
      wheel: this.wheel,
      snapshot: () => takeSnapshot(context),
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
  take(request: IncomingMessage, response: ServerResponse): PageAnswer | "pass" | null {
    const { path, query } = readTarget(request.url ?? "/", "");
    if (path === "/") {
      if (request.method === "POST" || query.has("commands") || !wantsHtml(request)) return "pass";
      return this.sendFile("index.html", request, response);
    }
    if (path !== PATH && !path.startsWith(`${PATH}/`)) return "pass";
    if (request.method !== "GET" && request.method !== "HEAD") {
      request.resume();
      return textAnswer("the dashboard only shows: GET\n", 405);
    }
    if (path === PATH) return this.sendFile("index.html", request, response);
    if (path === `${PATH}/events`) return this.sendEvents(request, response);
    return this.sendFile(path.slice(PATH.length + 1), request, response);
  }

  /** Ends its streams. */
  close(): void {
    this.events.close();
    this.wheel.stop();
  }

  private sendFile(name: string, request: IncomingMessage, response: ServerResponse): PageAnswer | null {
    const file = pageFile(name);
    if (file === null) return textAnswer(`the dashboard has no '${PATH}/${encodeURI(name)}'\n`, 404);
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

  private sendEvents(request: IncomingMessage, response: ServerResponse): PageAnswer | null {
    request.resume();
    if (this.events.size >= READERS_MAX) return textAnswer(`${READERS_MAX} readers is all there is place for\n`, 503);
    this.writeHead(response, 200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.flushHeaders();
    if (request.method === "HEAD") response.end();
    else this.events.join(response);
    return null;
  }

  private writeHead(response: ServerResponse, status: number, head: Readonly<Record<string, string | number>>): void {
    const { mesh } = this.context.view;
    const node = mesh === null ? {} : { [NODE_HEADER]: nodeHeader(mesh.node) };
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
  };
}

const PATH = "/dashboard";
const TICK_MS = 50;
/** Nothing from elsewhere, nothing inline, no frame around it. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
