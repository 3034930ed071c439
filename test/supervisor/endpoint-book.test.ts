import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { EndpointUpdate } from "../../src/messages/endpoints.ts";
import { EndpointBook } from "../../src/supervisor/endpoint-book.ts";
import { endpoint } from "../control/discovery/dns-simulation.ts";

const names = (update: EndpointUpdate | null) => update?.sets.map(({ cluster }) => cluster);

describe("the endpoint book", () => {
  it("gives a new worker the full copy, from version 0", () => {
    const book = new EndpointBook();
    book.replace("a", [endpoint("1.1.1.1")]);
    book.replace("b", []);
    const first = book.open(0);
    assert.deepEqual([first.baseVersion, first.version, names(first)], [0, 2, ["a", "b"]]);
  });

  it("sends one delta at a time and merges what changes until it is acknowledged", () => {
    const book = new EndpointBook();
    book.open(0);
    book.acknowledge(0, 0);
    book.replace("a", []);
    assert.deepEqual(names(book.next(0)), ["a"]);
    book.replace("b", []);
    book.replace("c", []);
    book.replace("b", [endpoint("1.1.1.1")]);
    assert.equal(book.next(0), null, "the first is not acknowledged yet");
    book.acknowledge(0, 1);
    const merged = book.next(0);
    assert.deepEqual([merged?.baseVersion, merged?.version, names(merged)], [1, 4, ["b", "c"]]);
  });

  it("has nothing for a worker that is up to date, or gone", () => {
    const book = new EndpointBook();
    book.open(0);
    book.acknowledge(0, 0);
    assert.equal(book.next(0), null);
    book.close(0);
    book.replace("a", []);
    assert.equal(book.next(0), null);
  });

  it("knows the version that every worker has", () => {
    const book = new EndpointBook();
    book.replace("a", []);
    book.open(0);
    book.open(1);
    book.acknowledge(0, 1);
    assert.equal(book.heldByAll(), 0);
    book.acknowledge(1, 1);
    assert.equal(book.heldByAll(), 1);
  });

  it("brings every worker to the newest sets, whatever the order of changes and acknowledgements", () => {
    const move = fc.oneof(
      fc.record({ kind: fc.constant("change" as const), cluster: fc.constantFrom("a", "b", "c") }),
      fc.record({ kind: fc.constant("read" as const), cluster: fc.constant("") }),
    );
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
        const book = new EndpointBook();
        const held = new Map<string, number>();
        let unread: EndpointUpdate | null = book.open(0);
        const read = (): void => {
          for (const set of unread?.sets ?? []) held.set(set.cluster, set.version);
          if (unread !== null) book.acknowledge(0, unread.version);
          unread = book.next(0);
        };
        for (const { kind, cluster } of moves) {
          if (kind === "change") book.replace(cluster, []);
          else read();
        }
        read();
        read();
        read();
        assert.deepEqual(held, new Map(book.all().map((set) => [set.cluster, set.version])));
      }),
    );
  });
});
