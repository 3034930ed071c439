// Somebody who is no node and wants to change or read the runtime of a mesh: asks a node, and follows what becomes of a change. `starling runtime` is
// this and a bus.
import { Timer, type TimerWheel } from "../../../base/timer-wheel.ts";
import type { RuntimeRecord } from "../../../messages/mesh-runtime.ts";
import type { Bus, RequestOutcome } from "../bus/bus.ts";
import type { MeshSubjects } from "../subjects.ts";
import { decodeRuntime, encodeRuntime } from "../wire/runtime-message.ts";
import { NOT_YET } from "./changes.ts";
import type { RuntimeChange, RuntimeMessage, RuntimeSpeaker, RuntimeWord } from "./runtime-messages.ts";
import { isNewer } from "./runtime-record.ts";

/** What it stands on. */
export interface RuntimeClientParts {
  readonly bus: Bus;
  readonly wheel: TimerWheel;
  readonly subjects: MeshSubjects;
  /** For people: the mesh's name. */
  readonly mesh: string;
  readonly self: RuntimeSpeaker;
}

/** The answer, or none. */
export type Asked<Value> = { readonly value: Value } | Problem;

/** What went wrong, for people. */
export interface Problem {
  readonly problem: string;
  /** Nobody answered: it may have been done all the same. */
  readonly isSilence: boolean;
}

/** One process that asks. */
export class RuntimeClient {
  private readonly parts: RuntimeClientParts;
  private readonly poll: Timer;
  private followed: RuntimeRecord | null = null;
  private onNews: (record: RuntimeRecord) => void = () => {};

  constructor(parts: RuntimeClientParts) {
    this.parts = parts;
    this.poll = new Timer(() => void this.lookAgain());
  }

  /** Asks one node for a change; answers with the record, or with why there is none. */
  async change(change: RuntimeChange): Promise<Asked<RuntimeRecord>> {
    const { runtimeSet } = this.parts.subjects;
    for (let tries = 1; ; tries++) {
      const asked = await this.ask(runtimeSet, { type: "change", ...change }, 1);
      if ("problem" in asked && !asked.isSilence) return asked;
      const outcome = "problem" in asked ? await this.takenBy(change, asked) : outcomeOf(asked.value);
      if ("value" in outcome || (outcome.problem !== NOT_YET && !outcome.isSilence) || tries === TRIES_MAX)
        return outcome;
      await this.pause();
    }
  }

  /** All that the mesh holds, as one node says it. */
  async all(): Promise<Asked<readonly RuntimeRecord[]>> {
    const records: RuntimeRecord[] = [];
    for (;;) {
      const after = records.at(-1)?.key ?? "";
      const asked = await this.ask(this.parts.subjects.runtimeGet, { type: "pull", after }, TRIES_MAX);
      if ("problem" in asked) return asked;
      if (asked.value.type !== "page") return NO_ANSWER;
      records.push(...asked.value.records);
      if (asked.value.isLast || asked.value.records.length === 0) return { value: records };
    }
  }

  /** Hears what becomes of a record until `stop`; of a newer change of its key, too. */
  follow(record: RuntimeRecord, onNews: (record: RuntimeRecord) => void): void {
    const { bus, subjects, wheel } = this.parts;
    this.followed = record;
    this.onNews = onNews;
    bus.subscribe(subjects.runtimeRecord, ({ payload }) => {
      const message = decodeRuntime(payload);
      if (message?.type === "records") this.take(message.records);
    });
    wheel.arm(this.poll, POLL_MS);
  }

  stop(): void {
    this.followed = null;
    this.parts.wheel.remove(this.poll);
  }

  private take(records: readonly RuntimeRecord[]): void {
    for (const record of records) {
      if (this.followed === null || record.key !== this.followed.key || !isNewer(record, this.followed)) continue;
      this.followed = record;
      this.onNews(record);
    }
  }

  /** A message may be lost, or not permitted to be heard. */
  private async lookAgain(): Promise<void> {
    const asked = await this.all();
    if ("value" in asked) this.take(asked.value);
    if (this.followed !== null) this.parts.wheel.arm(this.poll, POLL_MS);
  }

  /** The node that was asked did not answer: it may have taken the change all the same. */
  private async takenBy({ change }: RuntimeChange, silence: Problem): Promise<Asked<RuntimeRecord>> {
    const all = await this.all();
    if ("problem" in all) return all;
    const record = all.value.find((one) => one.change === change);
    return record === undefined ? silence : { value: record };
  }

  /** Each node gets some of the questions: one that stands still does not get the next one, or not all of them. */
  private async ask(subject: string, word: RuntimeWord, triesMax: number): Promise<Asked<RuntimeMessage>> {
    const { bus, self, mesh } = this.parts;
    const payload = encodeRuntime({ ...word, ...self } as RuntimeMessage);
    for (let tries = 1; ; tries++) {
      const { promise, resolve } = Promise.withResolvers<RequestOutcome>();
      bus.request(subject, payload, ANSWER_MS, resolve);
      const answer = answerOf(await promise, subject, mesh);
      if ("value" in answer || !answer.isSilence || tries === triesMax) return answer;
    }
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => this.parts.wheel.arm(new Timer(resolve), AGAIN_MS));
  }
}

function outcomeOf(message: RuntimeMessage): Asked<RuntimeRecord> {
  if (message.type !== "outcome") return NO_ANSWER;
  const [record] = message.records;
  return record === undefined ? problem(message.reason) : { value: record };
}

function answerOf(outcome: RequestOutcome, subject: string, mesh: string): Asked<RuntimeMessage> {
  switch (outcome.kind) {
    case "answer": {
      const message = decodeRuntime(outcome.message.payload);
      return message === null ? NO_ANSWER : { value: message };
    }
    case "timeout":
      return { problem: `no node of the mesh '${mesh}' answers`, isSilence: true };
    case "no-responders":
      return problem(`no node of the mesh '${mesh}' is there that has a runtime_layer for it`);
    case "failed":
      return problem(
        outcome.reason === "refused"
          ? `the broker does not permit this client to publish ${subject}`
          : `it could not be asked: ${outcome.reason}`,
      );
  }
}

function problem(text: string): Problem {
  return { problem: text, isSilence: false };
}

const NO_ANSWER: Problem = { problem: "the answer cannot be read", isSilence: false };
const ANSWER_MS = 1_000;
const POLL_MS = 2_000;
const AGAIN_MS = 300;
const TRIES_MAX = 12;
