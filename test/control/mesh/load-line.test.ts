// The way of load reports through the mesh actor: who reports, and letters between nodes.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { LoadLine, type LoadLink } from "../../../src/control/mesh/load-line.ts";
import type { LoadNews, LoadWord } from "../../../src/messages/load-mesh.ts";
import { SimulatedBus } from "../../support/simulated-bus.ts";
import { type FlockNode, MeshFlock } from "./mesh-flock.ts";

/** The load reports of one node, as its mesh actor sees them. */
class Reports implements LoadLink {
  readonly news: LoadNews[] = [];
  isClosed = false;
  private gone: () => void = () => {};
  private take: (word: LoadWord) => void = () => {};

  send(news: LoadNews): void {
    this.news.push(news);
  }

  receive(take: (word: LoadWord) => void): void {
    this.take = take;
  }

  onGone(listener: () => void): void {
    this.gone = listener;
  }

  close(): void {
    this.isClosed = true;
  }

  says(word: LoadWord): void {
    this.take(word);
  }

  end(): void {
    this.gone();
  }

  /** Who reports, as it was told last. */
  get named(): string | null {
    return this.news.flatMap((news) => (news.type === "reporter-named" ? [news.node] : [])).at(-1) ?? null;
  }

  get letters(): string[] {
    return this.news.flatMap((news) => (news.type === "load-asked" ? [Buffer.from(news.payload).toString()] : []));
  }
}

interface Stage {
  readonly flock: MeshFlock;
  readonly reports: ReadonlyMap<string, Reports>;
  /** By what the nodes were told. */
  named(): (string | null)[];
  of(name: string | null): { readonly node: FlockNode; readonly reports: Reports };
}

function stage(count: number): Stage {
  const flock = new MeshFlock(1);
  flock.start(count);
  const reports = new Map<string, Reports>();
  for (const { name, actor } of flock.nodes) {
    const own = new Reports();
    reports.set(name, own);
    actor.load.serve(own);
  }
  flock.clock.advanceMs(1_500);
  return {
    flock,
    reports,
    named: () => [...reports.values()].map(({ named }) => named),
    of: (name) => ({
      node: flock.nodes.find((one) => one.name === name) as FlockNode,
      reports: reports.get(name ?? "") as Reports,
    }),
  };
}

describe("load reports of a mesh", () => {
  it("hear alike who reports, and so does who looks", () => {
    const { flock, named } = stage(5);
    const [reporter] = named();
    assert.ok(reporter !== null);
    assert.deepEqual(new Set(named()), new Set([reporter]));
    const views = flock.nodes.map(({ actor }) => actor.view({ cluster: "", endpointsMax: 0 }).loadReporter);
    assert.deepEqual(new Set(views), new Set([reporter]));
  });

  it("ask and tell each other over the bus", () => {
    const { broker, clock } = new MeshFlock(0);
    const [one, other] = ["n0", "n1"].map((node) => {
      const bus = new SimulatedBus(broker, node, () => {});
      const reports = new Reports();
      const line = new LoadLine({ bus, node, subjectOf: (name) => `load.${name}`, onLead() {}, onStepDown() {} });
      line.serve(reports);
      return reports;
    }) as [Reports, Reports];
    clock.advanceMs(50);
    one.says({ type: "ask-load", ask: 7, to: "n1", payload: Buffer.from("take"), timeoutMs: 1_000 });
    clock.advanceMs(50);
    assert.deepEqual(other.letters, ["take"]);
    const letter = other.news.find(({ type }) => type === "load-asked");
    assert.ok(letter?.type === "load-asked");
    other.says({ type: "answer-load", ask: letter.ask, payload: Buffer.from("taken") });
    other.says({ type: "note-load", to: "n0", payload: Buffer.from("sent on") });
    clock.advanceMs(50);
    const answer = one.news.find(({ type }) => type === "load-answered");
    assert.ok(answer?.type === "load-answered" && answer.payload !== null);
    assert.deepEqual([answer.ask, Buffer.from(answer.payload).toString()], [7, "taken"]);
    assert.deepEqual(one.letters, ["sent on"]);
  });

  it("hear that nobody answered in time", () => {
    const { flock, of } = stage(2);
    const { reports } = of("n0");
    reports.says({ type: "ask-load", ask: 8, to: "nobody", payload: Buffer.from("x"), timeoutMs: 500 });
    flock.clock.advanceMs(600);
    assert.deepEqual(reports.news.at(-1), { type: "load-answered", ask: 8, payload: null });
  });

  it("tell the world when another one reports", () => {
    const { flock, of } = stage(2);
    of("n0").reports.says({ type: "reporter-changed", before: "n1" });
    flock.clock.advanceMs(50);
    const [event] = flock.events.filter(({ data }) => data["before"] !== undefined);
    assert.deepEqual([event?.subject, event?.data], ["mesh.m.events.node.n0", { node: "n0", before: "n1" }]);
  });

  it("have another reporter at once when the first one steps down", () => {
    const { flock, named, of } = stage(3);
    const [reporter = null] = named();
    of(reporter).reports.says({ type: "step-down" });
    flock.clock.advanceMs(100);
    const [next] = named();
    assert.notEqual(next, reporter);
    assert.deepEqual(new Set(named()), new Set([next]));
  });

  it("keep the bus of a node that leaves until they have given away what they had", async () => {
    const { flock, named, of } = stage(3);
    const [reporter = null] = named();
    const { node, reports } = of(reporter);
    node.actor.stop();
    flock.clock.advanceMs(8_000);
    const others = [...flock.nodes].filter(({ name }) => name !== reporter).map(({ name }) => of(name).reports.named);
    assert.ok(others.every((name) => name !== reporter));
    assert.equal(reports.named, reporter);
    assert.ok(!node.told().includes("stopped"));
    reports.says({ type: "note-load", to: others[0] ?? "", payload: Buffer.from("the last") });
    flock.clock.advanceMs(50);
    assert.deepEqual(of(others[0] ?? null).reports.letters, ["the last"]);
    reports.end();
    flock.clock.advanceMs(100);
    await turn();
    assert.equal(node.told().at(-1), "stopped");
  });
});

/** What was promised has come. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
