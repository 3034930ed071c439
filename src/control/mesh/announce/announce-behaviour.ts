// Announced endpoints: publishes this node's own, and keeps those of others as long as their announcer lives: a lease ends at once when
// it leaves, LEASE_MS after its last beat otherwise. Soft state: everything is said again every two seconds, so a lost message costs no
// more than that. Pure.
import type { Behaviour } from "../../../actor/behaviour.ts";
import type { Lane } from "../../../actor/mailbox.ts";
import { equalData } from "../../../base/equal-data.ts";
import type { AnnouncedCluster, AnnouncementPlan } from "../../../config/plan/announcement.ts";
import type { AnnounceEffect, AnnounceMessage } from "./announce-effects.ts";
import { type AnnounceState, memberKey, newService } from "./announce-state.ts";
import { beat, end, forgetService, forgivePause, hear, LOOK_TIMER, look, renewAll, wholeSets } from "./leases.ts";

/** The announcements part of the mesh. */
export const announcing: Behaviour<AnnounceState, AnnounceMessage, AnnounceEffect> = {
  name: "announcements",
  laneOf,
  step(state, message, nowMs) {
    forgivePause(state, nowMs);
    switch (message.type) {
      case "plan-assigned":
        return assign(state, message.clusters, message.announce, nowMs);
      case "bus-connected":
        return connected(state, nowMs);
      case "bus-lost":
        state.isConnected = false;
        return [];
      case "mesh-joined":
        return joined(state);
      case "peer-arrived":
        return answerSoon(state, nowMs);
      case "beat-heard":
        return beat(state, message.member, nowMs);
      case "member-left":
        return end(state, message.member, "left");
      case "member-lost":
        return end(state, message.member, "lost");
      case "announcement-heard":
        return hear(state, message.announcement, nowMs);
      case "announcement-garbled":
        return [
          { type: "count", counter: "announcements_heard" },
          { type: "count", counter: "announcements_malformed" },
        ];
      case "leave":
        return leave(state);
      case "timer-fired":
        return fire(state, message.timer, nowMs);
    }
  },
};

function laneOf(message: AnnounceMessage): Lane {
  if (message.type === "leave") return "stop";
  return message.type === "announcement-heard" || message.type === "beat-heard" ? "work" : "supervision";
}

function fire(state: AnnounceState, timer: string, nowMs: number): AnnounceEffect[] {
  if (timer === PUBLISH_TIMER) return publishAll(state, nowMs);
  if (timer === LOOK_TIMER) return look(state, nowMs);
  // The bus may be lost again: then it waits for the next connection.
  return state.isConnected && !state.isSettled ? tellAll(state) : [];
}

function assign(
  state: AnnounceState,
  clusters: readonly AnnouncedCluster[],
  announce: readonly AnnouncementPlan[],
  nowMs: number,
): AnnounceEffect[] {
  const before = state.services;
  const wanted = Map.groupBy(clusters, ({ service }) => service);
  state.services = new Map(
    Array.from(wanted, ([service, takers]) => {
      const names = takers.map(({ cluster }) => cluster);
      return [service, { ...(before.get(service) ?? newService()), clusters: names }];
    }),
  );
  for (const service of before.keys()) if (!wanted.has(service)) forgetService(state, service);
  const changed = announceOwn(state, announce);
  for (const service of wanted.keys()) if (!before.has(service)) putOwn(state, service);
  // A cluster may be new though its service is not.
  const told = state.isSettled ? wholeSets(state, wanted.keys()) : [];
  return changed && state.isConnected ? [...told, ...publishAll(state, nowMs)] : told;
}

/** Takes over what this node announces; answers whether it is something else than before. */
function announceOwn(state: AnnounceState, announce: readonly AnnouncementPlan[]): boolean {
  const wanted = new Map(announce.map(({ service, endpoints }) => [service, endpoints]));
  let hasChanged = false;
  for (const service of new Set([...state.own.keys(), ...wanted.keys()])) {
    const held = state.own.get(service);
    const endpoints = wanted.get(service) ?? [];
    if (equalData(held?.endpoints, endpoints)) continue;
    hasChanged = true;
    state.own.set(service, { sequence: (held?.sequence ?? 0) + 1, endpoints });
    const who = { key: memberKey(state.self), node: state.self.node };
    state.services.get(service)?.endpoints.replace(who, held?.endpoints ?? [], endpoints, state.wallMs());
  }
  return hasChanged;
}

/** A service of this node's own that a cluster takes from now on. */
function putOwn(state: AnnounceState, service: string): void {
  const who = { key: memberKey(state.self), node: state.self.node };
  const endpoints = state.own.get(service)?.endpoints ?? [];
  state.services.get(service)?.endpoints.replace(who, endpoints, endpoints, state.wallMs());
}

function connected(state: AnnounceState, nowMs: number): AnnounceEffect[] {
  state.isConnected = true;
  renewAll(state, nowMs);
  return [...settle(state), ...publishAll(state, nowMs)];
}

/** Said more than once it changes nothing. */
function joined(state: AnnounceState): AnnounceEffect[] {
  if (state.hasJoined) return [];
  state.hasJoined = true;
  return settle(state);
}

/** Before it knows what its peers announce a node would take their endpoints away: a predecessor of this state may have known. */
function settle(state: AnnounceState): AnnounceEffect[] {
  if (state.isSettled || !state.isConnected || !state.hasJoined) return [];
  if (state.isSuccessor) return [{ type: "arm-timer", timer: SETTLE_TIMER, delayMs: SETTLE_MS }];
  return tellAll(state);
}

function tellAll(state: AnnounceState): AnnounceEffect[] {
  state.isSettled = true;
  return wholeSets(state, state.services.keys());
}

function publishAll(state: AnnounceState, nowMs: number): AnnounceEffect[] {
  state.nextPublishMs = Number.POSITIVE_INFINITY;
  if (!mayPublish(state)) return [];
  state.publishedMs = nowMs;
  state.nextPublishMs = nowMs + REPEAT_MS;
  return [...ownAnnouncements(state), { type: "arm-timer", timer: PUBLISH_TIMER, delayMs: REPEAT_MS }];
}

/** Whoever came hears it soon; a crowd that comes at once hears it together. */
function answerSoon(state: AnnounceState, nowMs: number): AnnounceEffect[] {
  const atMs = Math.max(nowMs + ANSWER_MS, state.publishedMs + ANSWER_GAP_MS);
  if (!mayPublish(state) || state.nextPublishMs <= atMs) return [];
  state.nextPublishMs = atMs;
  return [{ type: "arm-timer", timer: PUBLISH_TIMER, delayMs: atMs - nowMs }];
}

function leave(state: AnnounceState): AnnounceEffect[] {
  if (state.hasLeft) return [];
  state.hasLeft = true;
  for (const [service, { sequence }] of state.own) state.own.set(service, { sequence: sequence + 1, endpoints: [] });
  return [...ownAnnouncements(state), { type: "disarm-timer", timer: PUBLISH_TIMER }];
}

function mayPublish(state: AnnounceState): boolean {
  return state.isConnected && !state.hasLeft && state.own.size > 0;
}

function ownAnnouncements(state: AnnounceState): AnnounceEffect[] {
  return Array.from(state.own, ([service, { sequence, endpoints }]) => ({
    type: "publish-announcement",
    announcement: { ...state.self, sequence, service, endpoints },
  }));
}

const PUBLISH_TIMER = "announcements";
/** How long a lost announcement stays unknown. */
const REPEAT_MS = 2_000;
const SETTLE_TIMER = "settle";
/** Everybody has said what it announces once more, and a little for the way. */
const SETTLE_MS: number = REPEAT_MS + 500;
const ANSWER_MS = 20;
const ANSWER_GAP_MS = 250;
