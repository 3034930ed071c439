import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { ClusterPlan, EndpointPlan } from "../../src/config/plan/cluster.ts";
import type { EndpointSetUpdate } from "../../src/config/plan/endpoint-set.ts";
import { type BookOwner, EndpointBook } from "../../src/supervisor/endpoint-book.ts";
import { endpoint } from "../control/discovery/dns-simulation.ts";

const owner: BookOwner = { onTaken() {}, onGiven() {}, stays: () => false, onLingering() {} };

/** A book with empty clusters of these names. */
function bookOf(...names: string[]): EndpointBook {
  const book = new EndpointBook({ slotsMax: 1_000, rowsMax: 10 }, owner);
  book.assign(names.map((name) => cluster(name, [])));
  return book;
}

function cluster(name: string, endpoints: readonly EndpointPlan[]): ClusterPlan {
  // The book reads nothing else of a cluster.
  return { name, discovery: { kind: "static", endpoints } } as unknown as ClusterPlan;
}

const at = (...hosts: string[]) => hosts.map(endpoint);

/** What a worker would have after these updates: slot by address. Throws on a delta that does not fit. */
class Copy {
  readonly versions = new Map<string, number>();
  readonly hosts = new Map<string, Map<number, string>>();

  apply(updates: readonly EndpointSetUpdate[] | null): string[] {
    const missed: string[] = [];
    for (const update of updates ?? []) {
      if (update.kind === "delta" && this.versions.get(update.cluster) !== update.baseVersion) {
        missed.push(update.cluster);
        continue;
      }
      const held = update.kind === "full" ? new Map<number, string>() : (this.hosts.get(update.cluster) ?? new Map());
      for (const slot of update.kind === "delta" ? update.removed : []) held.delete(slot);
      for (const facts of update.kind === "full" ? update.endpoints : update.changed)
        held.set(facts.slot, facts.hostname);
      this.hosts.set(update.cluster, held);
      this.versions.set(update.cluster, update.version);
    }
    return missed;
  }

  names(cluster: string): string[] {
    return [...(this.hosts.get(cluster)?.values() ?? [])];
  }
}

describe("the endpoint book", () => {
  it("gives a new worker every cluster whole, static ones with their endpoints", () => {
    const book = new EndpointBook({ slotsMax: 9, rowsMax: 9 }, owner);
    book.assign([cluster("a", at("1.1.1.1", "2.2.2.2")), cluster("b", [])]);
    book.open(0);
    const updates = book.next(0) ?? [];
    assert.deepEqual(
      updates.map((update) => [update.kind, update.cluster]),
      [
        ["full", "a"],
        ["full", "b"],
      ],
    );
    const copy = new Copy();
    copy.apply(updates);
    assert.deepEqual(copy.names("a"), ["1.1.1.1", "2.2.2.2"]);
  });

  it("sends one batch at a time and merges what changes until it is answered", () => {
    const book = bookOf("a", "b");
    const copy = new Copy();
    book.open(0);
    copy.apply(book.next(0));
    book.replace("a", at("1.1.1.1"));
    assert.equal(book.next(0), null, "the first batch is not answered yet");
    book.replace("a", at("2.2.2.2"));
    book.replace("b", at("3.3.3.3"));
    book.applied(0, []);
    const merged = book.next(0) ?? [];
    assert.equal(merged.length, 2);
    assert.deepEqual(copy.apply(merged), []);
    assert.deepEqual([copy.names("a"), copy.names("b")], [["2.2.2.2"], ["3.3.3.3"]]);
  });

  it("gives a cluster whole again to a worker that missed a version of it", () => {
    const book = bookOf("a");
    book.open(0);
    book.next(0);
    book.applied(0, ["a"]);
    assert.deepEqual(
      book.next(0)?.map(({ kind }) => kind),
      ["full"],
    );
  });

  it("keeps the number of an endpoint that stays, and sends only what changed", () => {
    const book = bookOf("a");
    book.replace("a", at("1.1.1.1", "2.2.2.2"));
    book.open(0);
    const copy = new Copy();
    copy.apply(book.next(0));
    book.applied(0, []);
    book.replace("a", at("2.2.2.2", "3.3.3.3"));
    const [update] = book.next(0) ?? [];
    assert.ok(update?.kind === "delta");
    assert.deepEqual(update.removed.length, 1);
    assert.deepEqual(
      update.changed.map(({ hostname }) => hostname),
      ["3.3.3.3"],
    );
  });

  it("says nothing when an answer brought the same endpoints", () => {
    const book = bookOf("a");
    assert.equal(book.replace("a", at("1.1.1.1")), "members");
    assert.equal(book.replace("a", at("1.1.1.1")), "none");
  });

  it("uses a number again only after every worker has seen its endpoint go", () => {
    const book = bookOf("a");
    const slotOf = () => book.all()[0]?.endpoints[0]?.slot;
    book.replace("a", at("1.1.1.1"));
    for (const reader of [0, 1]) {
      book.open(reader);
      book.next(reader);
      book.applied(reader, []);
    }
    const first = slotOf();
    book.replace("a", at("2.2.2.2"));
    for (const reader of [0, 1]) book.next(reader);
    book.applied(0, []);
    book.replace("a", at("3.3.3.3"));
    assert.notEqual(slotOf(), first, "worker 1 may still know the first endpoint");
    book.applied(1, []);
    for (const reader of [0, 1]) {
      book.next(reader);
      book.applied(reader, []);
    }
    book.replace("a", at("4.4.4.4", "5.5.5.5", "6.6.6.6"));
    assert.ok(book.all()[0]?.endpoints.some(({ slot }) => slot === first));
  });

  it("takes out the one of two at the same address whose facts are told, and the other keeps its number", () => {
    const book = bookOf("a");
    const [one, two] = [
      { ...endpoint("1.1.1.1"), hostname: "one" },
      { ...endpoint("1.1.1.1"), hostname: "two" },
    ];
    book.change("a", [], [one, two]);
    const numberOf = (hostname: string) =>
      book.all()[0]?.endpoints.find((facts) => facts.hostname === hostname)?.slot ?? -1;
    const kept = numberOf("two");
    book.change("a", [one], []);
    assert.deepEqual([numberOf("one"), numberOf("two")], [-1, kept]);
    book.change("a", [], [one]);
    assert.equal(book.replace("a", [two, one]), "none", "both are there with their facts");
    assert.equal(book.change("a", [endpoint("9.9.9.9")], []), "none", "that one was never there");
  });

  it("gives a dropped cluster that comes again whole, though its last batch was not answered", () => {
    const book = bookOf("a");
    book.open(0);
    book.replace("a", at("1.1.1.1", "2.2.2.2"));
    book.next(0);
    book.assign([]);
    book.assign([cluster("a", at("3.3.3.3"))]);
    book.applied(0, []);
    const [update] = book.next(0) ?? [];
    assert.deepEqual([update?.kind, update?.cluster], ["full", "a"]);
  });

  it("ignores endpoints of a cluster that the plan no longer has", () => {
    const book = bookOf("a");
    book.assign([]);
    assert.equal(book.replace("a", at("1.1.1.1")), "none");
    assert.deepEqual(book.all(), []);
  });

  it("gives a reader only the clusters that it wants, and those that it comes to want", () => {
    const book = bookOf("a", "b");
    const wanted = new Set(["a"]);
    book.replace("b", at("1.1.1.1"));
    book.open(7, (name) => wanted.has(name));
    assert.deepEqual(
      book.next(7)?.map(({ cluster: name }) => name),
      ["a"],
    );
    book.applied(7, []);
    book.replace("b", at("2.2.2.2"));
    assert.equal(book.next(7), null);
    wanted.add("b");
    book.widen(7, "b");
    assert.deepEqual(
      book.next(7)?.map((update) => [update.kind, update.cluster]),
      [["full", "b"]],
    );
  });

  it("refuses more endpoints than the tables hold", () => {
    const book = new EndpointBook({ slotsMax: 1, rowsMax: 1 }, owner);
    assert.throws(() => book.assign([cluster("a", at("1.1.1.1", "2.2.2.2"))]), /more than 1 endpoints/);
  });

  it("brings every worker to the same endpoints, and never gives one number to two, whatever the order", () => {
    const hosts = fc.uniqueArray(fc.constantFrom("1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4"), { maxLength: 4 });
    const move = fc.oneof(
      fc.record({ kind: fc.constant("change" as const), name: fc.constantFrom("a", "b"), hosts }),
      fc.record({ kind: fc.constantFrom("send" as const, "answer" as const), reader: fc.constantFrom(0, 1) }),
      fc.record({ kind: fc.constant("restart" as const), reader: fc.constantFrom(0, 1) }),
    );
    fc.assert(
      fc.property(fc.array(move, { maxLength: 80 }), (moves) => {
        const book = bookOf("a", "b");
        const workers = [new Worker(book, 0), new Worker(book, 1)];
        for (const one of moves) {
          if (one.kind === "change") book.replace(one.name, at(...one.hosts));
          else (workers[one.reader] as Worker)[one.kind]();
        }
        for (const worker of workers) worker.settle();
        for (const { copy } of workers) {
          for (const set of book.all()) {
            const expected = new Map(set.endpoints.map(({ slot, hostname }) => [slot, hostname]));
            assert.deepEqual(copy.hosts.get(set.cluster), expected);
          }
        }
        const slots = book.all().flatMap(({ endpoints }) => endpoints.map(({ slot }) => slot));
        assert.equal(new Set(slots).size, slots.length);
      }),
    );
  });
});

/** A worker that reads and answers when the property says so. */
class Worker {
  copy = new Copy();
  private readonly book: EndpointBook;
  private readonly reader: number;
  private missed: string[] | null = null;

  constructor(book: EndpointBook, reader: number) {
    this.book = book;
    this.reader = reader;
    book.open(reader);
  }

  send(): void {
    const updates = this.book.next(this.reader);
    if (updates !== null) this.missed = this.copy.apply(updates);
  }

  answer(): void {
    if (this.missed !== null) this.book.applied(this.reader, this.missed);
    this.missed = null;
  }

  restart(): void {
    this.book.close(this.reader);
    this.book.open(this.reader);
    this.copy = new Copy();
    this.missed = null;
  }

  settle(): void {
    for (let i = 0; i < 3; i++) {
      this.answer();
      this.send();
    }
    this.answer();
  }
}
