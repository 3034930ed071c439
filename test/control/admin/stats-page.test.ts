import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, describe, it } from "mocha";
import type { PageAnswer, PageContext } from "../../../src/control/admin/page.ts";
import { statsPage } from "../../../src/control/admin/pages/stats.ts";
import { recordValue } from "../../../src/telemetry/histogram.ts";
import { HTTP } from "../../../src/telemetry/http-stats.ts";
import type { StatsNotice } from "../../../src/telemetry/stats-memory.ts";
import { StatsWriter } from "../../../src/telemetry/stats-memory.ts";
import { StatsReader } from "../../../src/telemetry/stats-reader.ts";
import { shownStats } from "../../support/plans.ts";

const golden = (name: string): string => readFileSync(new URL(`../../golden/admin/${name}`, import.meta.url), "utf8");

describe("/stats", () => {
  let context: PageContext;
  let writers: StatsWriter[];

  beforeEach(() => {
    const notices: StatsNotice[][] = [[], []];
    writers = notices.map((list) => new StatsWriter((notice) => list.push(notice)));
    const source = {
      get generation() {
        return notices.flat().length;
      },
      schema: () => HTTP,
      sources: () => notices.map((list, i) => ({ writer: `listener-${i}`, notices: list })),
    };
    const stats = new StatsReader(source);
    context = { view: null as never, stats, shown: shownStats(stats), pages: [] };
  });

  const ask = (query: string): PageAnswer => statsPage.answer(context, new URLSearchParams(query)) as PageAnswer;

  it("adds up what the workers counted, sorted by name", () => {
    for (const [i, writer] of writers.entries()) {
      writer.counter("b.total").values[writer.counter("b.total").at] = 10 + i;
      writer.gauge("a.active").values[writer.gauge("a.active").at] = 1;
    }
    assert.equal(ask("").body, "a.active: 2\nb.total: 21\n");
    assert.equal(ask("type=Gauges").body, "a.active: 2\n");
    assert.equal(ask("filter=total$").body, "b.total: 21\n");
    assert.equal(ask("format=json").body, '{"stats":[{"name":"a.active","value":2},{"name":"b.total","value":21}]}');
  });

  it("leaves out with usedonly what was never counted", () => {
    const block = writers[0]?.block(HTTP, "http.ingress_http.");
    if (block !== undefined) block[HTTP.at.downstream_rq_total] = 7;
    assert.equal(ask("usedonly").body, "http.ingress_http.downstream_rq_total: 7\n");
    assert.match(ask("").body, /^http.ingress_http.no_route: 0$/m);
  });

  it("refuses a filter that is no regex with Envoy's words", () => {
    const { status, body } = ask("filter=[");
    assert.deepEqual([status, body], [400, golden("stats__filter-bracket.body")]);
  });

  it("shows histograms of all workers after a flush, as Envoy prints them", () => {
    const [first, second] = writers.map((writer) => writer.histogram("http.ingress_http.downstream_rq_time"));
    for (const value of [0, 0, 0, 1, 1]) recordValue(first as Uint32Array, value);
    for (const value of [1, 1, 1, 3, 3]) recordValue(second as Uint32Array, value);
    assert.equal(ask("").body, "");
    context.stats.flush();
    const line = (name: string): string =>
      golden(name)
        .split("\n")
        .find((text) => text.startsWith("http.ingress_http.downstream_rq_time:")) ?? "";
    assert.equal(ask("").body, `${line("stats.body")}\n`);
    assert.equal(
      ask("histogram_buckets=cumulative").body,
      `${line("stats__histogram_buckets-cumulative_filter-downstream_rq_time.body")}\n`,
    );
    const detailed = golden("stats__histogram_buckets-detailed_filter-downstream_rq_time.body");
    assert.equal(
      ask("histogram_buckets=detailed").body.trim(),
      detailed.slice(detailed.indexOf("http.ingress_http.downstream_rq_time:\n")).trim(),
    );
  });
});
