import assert from "node:assert/strict";
import { describe, it } from "mocha";

interface Series {
  readonly rate: number | null;
  readonly errors: number | null;
  readonly rates: readonly number[];
  readonly healths: readonly string[];
}
interface History {
  readonly turns: readonly { readonly what: string; readonly from: string; readonly to: string }[];
}

/** The page's module, as the browser runs it. */
const { advanced, noHistory, seriesOf, HISTORY } = (await import(
  new URL("../../../../src/control/admin/dashboard/page/facts.js", import.meta.url).href
)) as {
  readonly HISTORY: number;
  noHistory(): History;
  advanced(history: History, picture: unknown, seconds: number | null): History;
  seriesOf(history: History, key: string): Series;
};

function picture(total: number, failed: number, health: string) {
  const endpoint = { total, failed, health };
  return {
    atMs: 0,
    http: { in: { total, failed } },
    clusters: { a: { total, failed, endpoints: { "127.0.0.1:1": endpoint } } },
  };
}

describe("what the dashboard makes of pictures", () => {
  it("rates and error shares need two pictures", () => {
    const first = advanced(noHistory(), picture(100, 10, "healthy"), null);
    const { rate, errors, rates } = seriesOf(first, "cluster a");
    assert.deepEqual([rate, errors, rates], [null, null, []]);
    const second = advanced(first, picture(150, 15, "healthy"), 2);
    for (const key of ["node", "http in", "cluster a", "endpoint a 127.0.0.1:1"]) {
      const series = seriesOf(second, key);
      assert.deepEqual([series.rate, series.errors, series.rates], [25, 0.1, [25]], key);
    }
  });

  it("a reset of the counters is no negative rate, and no request no share", () => {
    const first = advanced(noHistory(), picture(100, 10, "healthy"), null);
    const { rate, errors } = seriesOf(advanced(first, picture(0, 0, "healthy"), 1), "node");
    assert.deepEqual([rate, errors], [0, null]);
  });

  it("a change of health is a turn, and the history has an end", () => {
    let history = advanced(noHistory(), picture(0, 0, "healthy"), null);
    history = advanced(history, picture(0, 0, "unhealthy"), 1);
    assert.deepEqual(
      history.turns.map(({ what, from, to }) => [what, from, to]),
      [["127.0.0.1:1 of a", "healthy", "unhealthy"]],
    );
    for (let i = 0; i < HISTORY + 5; i++) history = advanced(history, picture(i, 0, "unhealthy"), 1);
    const { rates, healths } = seriesOf(history, "endpoint a 127.0.0.1:1");
    assert.deepEqual([rates.length, healths.length, history.turns.length], [HISTORY, HISTORY, 1]);
  });
});
