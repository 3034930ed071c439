// The mesh's line to the load reports of this node, which may die and come back: carries their letters, whose bytes it does not read, and tells
// them who reports. Made by mesh-actor.ts.
import type { Link } from "../../actor/thread-link.ts";
import type { LoadNews, LoadWord } from "../../messages/load-mesh.ts";
import type { Bus, BusMessage, BusSubscription } from "./bus/bus.ts";

/** One end of the port. */
export interface LoadLink extends Link<LoadWord, LoadNews> {
  /** Calls once when the other end is gone. */
  onGone(listener: () => void): void;
}

/** What it stands on. */
export interface LoadLineParts {
  readonly bus: Bus;
  /** Where a node hears of load. */
  subjectOf(node: string): string;
  readonly node: string;
  /** This node reports for the mesh from now on; `before`: who did, empty: nobody known. */
  onLead(before: string): void;
  /** This node wants to report no more. */
  onStepDown(): void;
}

/** The line. */
export class LoadLine {
  private readonly parts: LoadLineParts;
  private link: LoadLink | null = null;
  private subscription: BusSubscription | null = null;
  private reporter: string | null = null;
  private asks = 0;
  /** Letters that may be answered, the oldest first; those that await no answer are among them. */
  private readonly letters = new Map<number, BusMessage>();
  private whenGone: (() => void) | null = null;

  constructor(parts: LoadLineParts) {
    this.parts = parts;
  }

  /** Load reports are at the other end of this link. */
  serve(link: LoadLink): void {
    const { bus, node, subjectOf } = this.parts;
    this.link?.close();
    this.link = link;
    this.subscription ??= bus.subscribe(subjectOf(node), (letter) => this.hear(letter));
    link.receive((word) => {
      if (this.link === link) this.take(word);
    });
    link.onGone(() => {
      if (this.link !== link) return;
      this.link = null;
      this.whenGone?.();
    });
    if (this.reporter !== null) link.send({ type: "reporter-named", node: this.reporter });
  }

  /** Who reports, as it was named last. */
  get named(): string | null {
    return this.reporter;
  }

  /** Who reports, as the mesh sees it now. */
  name(reporter: string | null): void {
    if (reporter === this.reporter) return;
    this.reporter = reporter;
    this.link?.send({ type: "reporter-named", node: reporter });
  }

  /** Calls once when the load reports are gone, which may be at once. */
  onceGone(done: () => void): void {
    if (this.link === null) done();
    else this.whenGone = done;
  }

  close(): void {
    this.subscription?.unsubscribe();
    this.link?.close();
    this.link = null;
    this.letters.clear();
  }

  private hear(letter: BusMessage): void {
    if (this.link === null) return;
    const ask = ++this.asks;
    this.letters.set(ask, letter);
    if (this.letters.size > LETTERS_MAX) this.forgetOldest();
    this.link.send({ type: "load-asked", ask, payload: letter.payload });
  }

  private take(word: LoadWord): void {
    const { bus, subjectOf } = this.parts;
    switch (word.type) {
      case "ask-load": {
        const { ask, to, payload, timeoutMs } = word;
        bus.request(subjectOf(to), payload, timeoutMs, (outcome) => {
          const answer = outcome.kind === "answer" ? outcome.message.payload : null;
          this.link?.send({ type: "load-answered", ask, payload: answer });
        });
        return;
      }
      case "answer-load":
        this.letters.get(word.ask)?.respond(word.payload);
        this.letters.delete(word.ask);
        return;
      case "note-load":
        bus.publish(subjectOf(word.to), word.payload);
        return;
      case "reporter-changed":
        this.parts.onLead(word.before);
        return;
      case "step-down":
        this.parts.onStepDown();
        return;
    }
  }

  private forgetOldest(): void {
    for (const oldest of this.letters.keys()) {
      this.letters.delete(oldest);
      return;
    }
  }
}

/** Letters that are not answered yet: each node has one under way. */
const LETTERS_MAX = 512;
