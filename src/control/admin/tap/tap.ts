// /tap on the admin address: requests of this node as they end, for curl and for the dashboard. Called by admin-server.ts; asks the guard
// before anything else, since heads of requests are shown.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TimerWheel } from "../../../base/timer-wheel.ts";
import { type AdminGuard, type Refusal, refusal } from "../guard.ts";
import { nodeField } from "../node-field.ts";
import { readTarget } from "../target.ts";
import type { AdminView } from "../view.ts";
import { type TapForm, TapStream } from "./tap-stream.ts";
import { readTapAsk } from "./tap-terms.ts";
import { TAPS_MAX, type WatchDesk } from "./watch-desk.ts";

/** What it stands on. */
export interface TapParts {
  readonly view: AdminView;
  readonly guard: AdminGuard;
  readonly wheel: TimerWheel;
  readonly desk: WatchDesk;
}

/** Whether the request is for the tap of this node: Envoy's takes a POST, which is not served. */
export function isTap({ method, url }: IncomingMessage): boolean {
  return method === "GET" && readTarget(url ?? "/", "").path === TAP_PATH;
}

/** Begins to answer; else says why not. */
export function openTap(parts: TapParts, request: IncomingMessage, response: ServerResponse): Refusal | null {
  const { view, guard, wheel, desk } = parts;
  request.resume();
  const why = guard.refusesTap(request, view.mesh?.node ?? "");
  if (why !== null) return why;
  const { query } = readTarget(request.url ?? "/", "");
  const form = formOf(request, query);
  if (form === null) return refusal("format: lines or events\n", 400);
  const ask = readTapAsk(query, view.options.tapRedacts);
  if (typeof ask === "string") return refusal(`${ask}\n`, 400);
  const isTaken = new TapStream(response, wheel, form, ask).begin(desk, ask, () => {
    const contentType = form === "events" ? "text/event-stream" : "application/x-ndjson";
    response.writeHead(200, {
      "content-type": contentType,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...nodeField(view.mesh),
      server: "envoy",
    });
    response.flushHeaders();
  });
  return isTaken ? null : refusal(`${TAPS_MAX} readers is all there is place for\n`, 503);
}

function formOf({ headers }: IncomingMessage, query: URLSearchParams): TapForm | null {
  const wanted = query.get("format") ?? (headers.accept?.includes("text/event-stream") ? "events" : "lines");
  return wanted === "events" || wanted === "lines" ? wanted : null;
}

/** As Envoy's, which has other words and is not there without its tap filter. */
export const TAP_PATH = "/tap";
