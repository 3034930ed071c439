// What nodes, groups and targets begin with.
import type { CheckGroupFacts, CheckTarget } from "../../../messages/checking.ts";
import { notDue } from "./agenda.ts";
import type { Group, Member, Target } from "./entities.ts";
import { hashOfHex, hashPair, hashText } from "./hash64.ts";

/** A node heard for the first time, or this one. */
export function newMember(node: string, instance: string, epoch: number): Member {
  return {
    kind: "member",
    ...notDue(),
    node,
    seed: hashText(node),
    instance,
    epoch,
    sequence: 0,
    phase: "joining",
    roles: [],
    zone: "",
    adminAddress: "",
    isResigned: false,
    reportsLoad: false,
    metMs: Number.NEGATIVE_INFINITY,
    heardMs: Number.NEGATIVE_INFINITY,
    judgeMs: Number.NEGATIVE_INFINITY,
    life: "gone",
    isSpeaking: false,
    hasLeft: false,
    groups: new Map(),
    entries: new Map(),
    digestHigh: 0,
    digestLow: 0,
    applied: 0,
    early: [],
    isHeardOut: false,
    gapMs: Number.POSITIVE_INFINITY,
    sync: null,
    syncAfterMs: Number.NEGATIVE_INFINITY,
    syncsInVain: 0,
  };
}

/** A group without targets. */
export function newGroup(facts: CheckGroupFacts, nowMs: number): Group {
  return {
    facts,
    targets: new Set(),
    hash: hashOfHex(facts.group),
    candidates: [],
    version: 0,
    hasTraffic: false,
    hasOwnTraffic: false,
    addedMs: nowMs,
    heardOutMs: nowMs,
    heardAtMs: Number.NEGATIVE_INFINITY,
    intervalMs: facts.noTrafficIntervalMs,
  };
}

/** An endpoint as the judge told of it. */
export function newTarget(group: Group, { slot, target, address, standing }: CheckTarget, nowMs: number): Target {
  return {
    kind: "target",
    ...notDue(),
    key: keyOf(group.facts.group, target),
    group,
    id: target,
    slot,
    address,
    hash: hashPair(group.hash, hashOfHex(target)),
    entries: [],
    own: null,
    isDirty: false,
    rank: 0,
    rankVersion: -1,
    isOrdered: false,
    isPrivate: false,
    scarceMs: Number.POSITIVE_INFINITY,
    startMs: Number.POSITIVE_INFINITY,
    claimAfterMs: Number.NEGATIVE_INFINITY,
    takenOverMs: Number.POSITIVE_INFINITY,
    freedMs: Number.NEGATIVE_INFINITY,
    firstDueMs: Number.NEGATIVE_INFINITY,
    takenFrom: null,
    probedMs: Number.NEGATIVE_INFINITY,
    nextInMs: 0,
    standing,
    isTold: false,
    meshStanding: standing,
    isHearsay: false,
    pairMs: nowMs,
    isPaired: false,
    extraMs: Number.NEGATIVE_INFINITY,
    pending: null,
    question: null,
    answered: null,
    doubter: null,
    doubters: new Map(),
    doubtedMs: Number.NEGATIVE_INFINITY,
    trial: null,
    damping: null,
    reason: "",
    immediate: null,
    ejection: null,
    isNodeEvent: false,
  };
}

/** What names a target among all groups. */
export function keyOf(group: string, target: string): string {
  return group + target;
}
