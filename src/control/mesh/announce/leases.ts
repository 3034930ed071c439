// What others announce, and for how long: an announcer's endpoints end with its lease. Called by announce-behaviour.ts only.
import { isLoopback } from "../../../base/ip-address.ts";
import { addressText } from "../../../config/plan/address.ts";
import type { AnnouncedEndpoint } from "../../../config/plan/announcement.ts";
import type { Announcement } from "../wire/announcement.ts";
import type { AnnounceCounter, AnnounceEffect, MemberId } from "./announce-effects.ts";
import { type Announcer, type AnnounceState, memberKey } from "./announce-state.ts";

/** Takes an announcement in, or says why not. */
export function hear(state: AnnounceState, announcement: Announcement, nowMs: number): AnnounceEffect[] {
  const { node, instance, service, sequence, endpoints } = announcement;
  if (instance === state.self.instance) return []; // the bus gives it back
  const heard = count("announcements_heard");
  const taken = state.services.get(service);
  if (taken === undefined) return [heard, count("announcements_unused")];
  const key = memberKey(announcement);
  const announcer = state.announcers.get(key);
  const known = announcer?.services.get(service);
  if (state.ended.has(key) || sequence < (known?.sequence ?? 0)) return [heard, count("announcements_stale")];
  if (sequence === known?.sequence || (known === undefined && endpoints.length === 0)) return [heard];
  if (!state.takesLoopback && endpoints.some(({ host }) => isLoopback(host))) {
    return [heard, count("announcements_loopback")];
  }
  const before = known?.endpoints ?? [];
  if (!hasRoom(state, announcer, endpoints.length - before.length)) {
    return [heard, count("announcements_refused")];
  }
  const holder = announcer ?? { node, instance, key, heardMs: nowMs, services: new Map() };
  state.announcers.set(key, holder);
  holder.services.set(service, { sequence, endpoints });
  state.held += endpoints.length - before.length;
  taken.endpoints.replace(holder, before, endpoints, state.wallMs());
  const effects: AnnounceEffect[] = [heard, ...changesOf(state, [service])];
  effects.push(log("debug", `service '${service}': ${node} announces ${listOf(endpoints)}`));
  if (endpoints.length === 0) effects.push(count("leases_withdrawn"));
  if (announcer === undefined && state.announcers.size === 1)
    effects.push({ type: "arm-timer", timer: LOOK_TIMER, delayMs: LOOK_MS });
  return effects;
}

/** A sign of life. */
export function beat(state: AnnounceState, member: MemberId, nowMs: number): AnnounceEffect[] {
  const key = memberKey(member);
  if (state.ended.get(key) === "lost") state.ended.delete(key);
  const announcer = state.announcers.get(key);
  if (announcer !== undefined) announcer.heardMs = nowMs;
  return [];
}

/** A process has left or is lost: what it announced ends now. */
export function end(state: AnnounceState, member: MemberId, how: "left" | "lost"): AnnounceEffect[] {
  const key = memberKey(member);
  const announcer = state.announcers.get(key);
  if (how === "left" || announcer !== undefined) remember(state, key, how);
  return announcer === undefined ? [] : endLease(state, announcer, how);
}

/** Ends the leases of those that were silent too long; none while the bus is lost, when everybody is silent. */
export function look(state: AnnounceState, nowMs: number): AnnounceEffect[] {
  const effects = state.isConnected ? endSilent(state, nowMs) : [];
  const hasAny = state.announcers.size > 0; // none: this is the last look
  if (hasAny) effects.push({ type: "arm-timer", timer: LOOK_TIMER, delayMs: LOOK_MS });
  if (hasAny && nowMs - state.toldMs < TELL_MS) return effects;
  state.toldMs = nowMs;
  effects.push({ type: "tell-leases", leases: leasesOf(state, nowMs), isHeld: !state.isConnected });
  return effects;
}

/** Time in which this process stood still is nobody's silence. */
export function forgivePause(state: AnnounceState, nowMs: number): void {
  const gapMs = nowMs - state.steppedMs;
  state.steppedMs = nowMs;
  if (gapMs > PAUSE_MS) for (const announcer of state.announcers.values()) announcer.heardMs += gapMs;
}

/** The bus is back: every announcer has its whole time again. */
export function renewAll(state: AnnounceState, nowMs: number): void {
  for (const announcer of state.announcers.values()) announcer.heardMs = nowMs;
}

/** No cluster takes this service any more. */
export function forgetService(state: AnnounceState, service: string): void {
  for (const announcer of state.announcers.values()) {
    state.held -= announcer.services.get(service)?.endpoints.length ?? 0;
    announcer.services.delete(service);
    if (announcer.services.size === 0) state.announcers.delete(announcer.key);
  }
}

/** What clusters must be told of these services; nothing before everything was told whole. */
export function changesOf(state: AnnounceState, services: Iterable<string>): AnnounceEffect[] {
  if (!state.isSettled) return [];
  return [...services].flatMap((service) => {
    const taken = state.services.get(service);
    const change = taken?.endpoints.take() ?? null;
    if (taken === undefined || change === null) return [];
    return taken.clusters.map((cluster): AnnounceEffect => {
      if (change.isWhole) return { type: "endpoints-found", cluster, endpoints: taken.endpoints.all() };
      return { type: "endpoints-moved", cluster, removed: change.removed, added: change.added };
    });
  });
}

/** Everything about these services. */
export function wholeSets(state: AnnounceState, services: Iterable<string>): AnnounceEffect[] {
  return [...services].flatMap((service) => {
    const taken = state.services.get(service);
    if (taken === undefined) return [];
    taken.endpoints.take();
    const endpoints = taken.endpoints.all();
    return taken.clusters.map((cluster): AnnounceEffect => ({ type: "endpoints-found", cluster, endpoints }));
  });
}

function endSilent(state: AnnounceState, nowMs: number): AnnounceEffect[] {
  const latest = new Map<string, number>();
  for (const { node, heardMs } of state.announcers.values()) {
    latest.set(node, Math.max(heardMs, latest.get(node) ?? Number.NEGATIVE_INFINITY));
  }
  return [...state.announcers.values()].flatMap((announcer) => {
    const silentMs = nowMs - announcer.heardMs;
    // One that was started again under its name: its predecessor need not be waited for.
    const isReplaced = silentMs >= REPLACED_MS && (latest.get(announcer.node) ?? 0) > announcer.heardMs;
    return silentMs >= LEASE_MS || isReplaced ? end(state, announcer, "lost") : [];
  });
}

function endLease(state: AnnounceState, announcer: Announcer, how: "left" | "lost"): AnnounceEffect[] {
  state.announcers.delete(announcer.key);
  const why = how === "left" ? "left" : "is silent, its lease has ended";
  const effects: AnnounceEffect[] = [];
  // Whoever has withdrawn everything has no lease to lose.
  const isHeld = [...announcer.services.values()].some(({ endpoints }) => endpoints.length > 0);
  if (isHeld) effects.push(count(how === "left" ? "leases_withdrawn" : "leases_lost"));
  for (const [service, { endpoints }] of announcer.services) {
    state.held -= endpoints.length;
    state.services.get(service)?.endpoints.replace(announcer, endpoints, [], state.wallMs());
    effects.push(...changesOf(state, [service]));
    const text = `service '${service}': ${announcer.node} ${why}: ${listOf(endpoints)}`;
    if (endpoints.length > 0) effects.push(log(how === "lost" ? "info" : "debug", text));
  }
  return effects;
}

function remember(state: AnnounceState, key: string, how: "left" | "lost"): void {
  state.ended.delete(key);
  state.ended.set(key, how);
  for (const oldest of state.ended.keys()) {
    if (state.ended.size <= ENDED_MAX) return;
    state.ended.delete(oldest);
  }
}

function hasRoom(state: AnnounceState, announcer: Announcer | undefined, more: number): boolean {
  if (announcer === undefined && state.announcers.size >= ANNOUNCERS_MAX) return false;
  return more <= 0 || state.held + more <= HELD_MAX;
}

function leasesOf(state: AnnounceState, nowMs: number) {
  return [...state.announcers.values()].map(({ node, heardMs }) => ({
    node,
    remainingMs: Math.max(0, Math.round(heardMs + LEASE_MS - nowMs)),
  }));
}

function listOf(endpoints: readonly AnnouncedEndpoint[]): string {
  const texts = endpoints
    .slice(0, LISTED_MAX)
    .map(({ host, port }) => addressText({ kind: "socket", host, port, ipv4Compat: false }));
  const more = endpoints.length - texts.length;
  return texts.length === 0 ? "nothing" : `${texts.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** Others decide how often they change their mind: only a lost lease is told to everybody. */
function log(level: "debug" | "info", text: string): AnnounceEffect {
  return { type: "log", line: { level, component: "upstream", text } };
}

function count(counter: AnnounceCounter): AnnounceEffect {
  return { type: "count", counter };
}

/** How long an announcer's endpoints stay after its last beat. */
export const LEASE_MS = 5_000;
/** Two beats: silent so long, an instance gives way to another of its name. */
const REPLACED_MS = 2_000;
/** Endpoints end by so much later than their lease. */
const LOOK_MS = 250;
/** The timer that `look` answers. */
export const LOOK_TIMER = "leases";
/** Above what a busy thread lets a timer wait. */
const PAUSE_MS = 1_000;
const TELL_MS = 1_000;
/** Processes that announce something. */
export const ANNOUNCERS_MAX = 4_096;
/** Endpoints of all services, twins counted. */
export const HELD_MAX = 16_384;
const ENDED_MAX = 1_024;
const LISTED_MAX = 4;
