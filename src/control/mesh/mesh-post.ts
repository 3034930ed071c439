// The letters of one node of the mesh: which subject, which bytes, and what is read of what anybody may have sent. Made by mesh-actor.ts;
// decides nothing.
import type { MeshStat } from "../../telemetry/mesh-stats.ts";
import type { Bus, BusMessage } from "./bus/bus.ts";
import type { MeshEvent } from "./events/mesh-event.ts";
import { type ReadEvent, readEvent } from "./events/read-event.ts";
import { type EventSource, writeEvent } from "./events/write-event.ts";
import { type MeshSubjects, meshSubjects } from "./subjects.ts";
import { decode, type Rejected } from "./wire/decode.ts";
import { encode, encodeChanges } from "./wire/encode.ts";
import type { Beat, Changes, Hello, Left, MeshMessage, SyncPage, SyncRequest } from "./wire/messages.ts";

/** Who reads the letters. */
export interface PostReader {
  hear(message: MeshMessage): void;
  /** A request to this node; `reply` sends the answer. */
  asked(request: SyncRequest, reply: (page: SyncPage) => void): void;
  /** Somebody, this node included, has published it. */
  eventSeen(event: ReadEvent): void;
  count(stat: MeshStat): void;
}

/** The post of one node. */
export class MeshPost {
  private readonly bus: Bus;
  private readonly source: EventSource;
  private readonly reader: PostReader;
  private readonly subjects: MeshSubjects;

  /** `source`: the names of the mesh and of this node. */
  constructor(bus: Bus, source: EventSource, reader: PostReader) {
    this.bus = bus;
    this.source = source;
    this.reader = reader;
    this.subjects = meshSubjects(source.mesh);
  }

  /** Subscribes to what a node hears. */
  open(): void {
    const { allBeats, allEvents, allObservations, hello, sync } = this.subjects;
    for (const subject of [hello, allBeats, allObservations]) this.listen(subject, (letter) => this.hear(letter));
    this.listen(sync(this.source.node), (letter) => this.ask(letter));
    this.listen(allEvents, ({ payload }) => {
      const event = readEvent(payload);
      if (event !== null) this.reader.eventSeen(event);
    });
  }

  /** Says something to all. */
  publish(message: Hello | Beat | Left | Changes): void {
    const { beat, hello, observe } = this.subjects;
    switch (message.type) {
      case "hello":
        this.bus.publish(hello, encode(message));
        return;
      case "beat":
      case "left":
        this.bus.publish(beat(message.node), encode(message));
        return;
      case "changes":
        for (const payload of encodeChanges(message)) this.bus.publish(observe(message.group), payload);
        return;
    }
  }

  /** Asks one node for its entries; null: no answer, or none that can be read. */
  request(to: string, message: SyncRequest, timeoutMs: number, done: (page: SyncPage | null) => void): void {
    this.bus.request(this.subjects.sync(to), encode(message), timeoutMs, (outcome) => {
      const answer = outcome.kind === "answer" ? this.read(outcome.message) : null;
      done(answer?.type === "sync-page" ? answer : null);
    });
  }

  /** Tells the world. `wallMs`: when it happened. */
  tell(event: MeshEvent, wallMs: number): void {
    const { subject, payload, headers } = writeEvent(event, this.source, wallMs);
    this.bus.publish(subject, payload, headers);
    this.reader.count("events_sent");
  }

  private listen(subject: string, handler: (letter: BusMessage) => void): void {
    if (this.bus.subscribe(subject, handler) === null) throw new Error(`cannot subscribe to ${subject}`);
  }

  private hear(letter: BusMessage): void {
    const message = this.read(letter);
    if (message !== null) this.reader.hear(message);
  }

  private ask(letter: BusMessage): void {
    const message = this.read(letter);
    if (message?.type !== "sync-request") return;
    this.reader.asked(message, (page) => letter.respond(encode(page)));
  }

  private read({ payload }: BusMessage): MeshMessage | null {
    const decoded = decode(payload);
    if (decoded.kind === "message") return decoded.message;
    this.reader.count(REJECTED[decoded.reason]);
    return null;
  }
}

const REJECTED: Readonly<Record<Rejected["reason"], MeshStat>> = {
  malformed: "messages_malformed",
  "out-of-range": "messages_out_of_range",
  "too-large": "messages_too_large",
  "unknown-version": "messages_unknown_version",
};
