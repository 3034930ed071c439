// How a node begins: it says hello, takes its peers' state, and serves; alone after a second at most. A name that another living instance
// has is not taken.
import type { Beat } from "../wire/messages.ts";
import { chooseEpoch, startBeating } from "./beats.ts";
import { refreshGroup } from "./groups.ts";
import { hasHeardOut } from "./hearing.ts";
import { updateSpeaking } from "./members.ts";
import type { MeshState } from "./mesh-state.ts";
import { announceSelf } from "./node-events.ts";
import type { Turn } from "./turn.ts";

/** The host is ready. */
export function start(turn: Turn): void {
  const { state, nowMs } = turn;
  state.mode = "joining";
  state.self.phase = "joining";
  state.startedMs = nowMs;
  state.busSinceMs = nowMs;
  state.quietMs = nowMs + QUIET_MS;
  turn.order({ type: "follow-mesh" });
  turn.at(state.alarms.joining, state.isBusUp ? state.quietMs : nowMs + JOINING_MS);
  turn.at(state.alarms.bus, nowMs + AWAY_MS);
  startBeating(turn);
  sayHello(turn);
}

/** Asks all nodes for their beats. */
export function sayHello(turn: Turn): void {
  const { node, instance, epoch } = turn.state.self;
  if (turn.state.isBusUp) turn.perform({ type: "publish", message: { type: "hello", node, instance, epoch } });
}

/** Its own hello came back: it hears, and those who are there have heard it. */
export function hearEcho(turn: Turn): void {
  const { state, nowMs } = turn;
  if (state.mode !== "joining" || state.isEchoed) return;
  state.isEchoed = true;
  state.quietMs = nowMs + QUIET_MS;
  turn.at(state.alarms.joining, Math.min(state.quietMs, joiningEndMs(state)));
}

/** The first beat of a peer while this node joins: more may come. */
export function meetPeer(turn: Turn, node: string): void {
  const { state, nowMs } = turn;
  if (state.mode !== "joining") return;
  state.quietMs = nowMs + QUIET_MS;
  state.strangers.delete(node);
  turn.at(state.alarms.joining, Math.min(state.quietMs, joiningEndMs(state)));
}

/** Somebody speaks whose beat has not come yet: its thread has much to do, and so it lives and has more to say than this. */
export function meetStranger({ state }: Turn, node: string): void {
  if (state.mode === "joining" && state.strangers.size < STRANGERS_MAX) state.strangers.add(node);
}

/** The bus is there while this node joins: from now on it hears. */
export function joinOver(turn: Turn): void {
  const { state, nowMs } = turn;
  if (state.mode !== "joining") return;
  state.isEchoed = false;
  state.quietMs = nowMs + QUIET_MS;
  turn.at(state.alarms.joining, Math.min(state.quietMs, joiningEndMs(state)));
}

/** Serves when nobody new is heard any more and all that peers know has come, or after a second. */
export function decideJoined(turn: Turn): void {
  const { state, nowMs } = turn;
  if (state.mode !== "joining") return;
  const endMs = joiningEndMs(state);
  const hasHeard = state.isEchoed && state.strangers.size === 0 && hasHeardOut(state);
  const isQuiet = state.isBusUp && nowMs >= state.quietMs && hasHeard;
  if (nowMs < state.lookMs || (!isQuiet && nowMs < endMs)) {
    turn.at(state.alarms.joining, Math.max(nowMs + LOOK_MS, Math.min(endMs, state.quietMs)));
    return;
  }
  state.strangers.clear();
  chooseEpoch(state);
  state.mode = "serving";
  state.self.phase = "serving";
  state.joinedMs = nowMs;
  updateSpeaking(turn, state.self);
  for (const id of state.groups.keys()) refreshGroup(turn, id);
  announceSelf(turn, "joined");
  turn.wantsBeat = true;
  turn.at(state.alarms.ready, nowMs);
}

/**
 * A beat under this node's own name from another process. The newcomer of the two goes: the one with fewer beats behind it. It takes two
 * beats to be sure (the first may be the last word of a process that is over), more for a node that has served for a while.
 */
export function meetRival(turn: Turn, beat: Beat): void {
  const { state, nowMs } = turn;
  const { self, rival } = state;
  if (rival === null || rival.instance !== beat.instance) {
    state.rival = { instance: beat.instance, sequence: beat.sequence, beats: 1 };
    if (state.mode !== "joining") return;
    turn.at(state.alarms.joining, Math.min(joiningEndMs(state), nowMs + QUIET_MS));
    sayHello(turn);
    return;
  }
  if (beat.sequence <= rival.sequence) return;
  state.rival = { instance: beat.instance, sequence: beat.sequence, beats: rival.beats + 1 };
  turn.count("name_conflicts");
  const isYounger = self.sequence < beat.sequence || (self.sequence === beat.sequence && self.instance < beat.instance);
  const isNew = state.mode === "joining" || nowMs - state.joinedMs < NEW_MS;
  if (!isYounger || state.rival.beats < (isNew ? BEATS_TO_GO : BEATS_TO_GO_LATE)) return;
  const reason = `another node of the mesh is called ${self.node}: choose another --mesh-node`;
  turn.perform({ type: "refuse-name", reason });
  turn.order({ type: "leave-mesh" });
  state.mode = "silent";
}

/** From when it can hear; without the bus from its start. */
function joiningEndMs({ isBusUp, busSinceMs, startedMs }: MeshState): number {
  return Math.min(startedMs + JOINING_MS, isBusUp ? busSinceMs : startedMs) + JOINING_MS;
}

/** No new beat for so long: all have answered. */
const QUIET_MS = 300;

/** Joining takes no longer. */
const JOINING_MS = 1_000;

/** While something is awaited it looks so often. */
const LOOK_MS = 20;

/** Nodes that were heard and not met. */
const STRANGERS_MAX = 256;

/** Without the bus for so long, a node is alone. */
export const AWAY_MS = 3_000;

/** Beats of another process with this name that send a newcomer away, and one that has served for longer than `NEW_MS`. */
const BEATS_TO_GO = 2;
const BEATS_TO_GO_LATE = 10;
const NEW_MS = 10_000;
