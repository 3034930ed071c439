import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type OutlierEvent, outlierEventText } from "../../../../src/control/health/outlier/outlier-event.ts";

const event: OutlierEvent = {
  type: "SUCCESS_RATE",
  action: "EJECT",
  wallMs: Date.UTC(2026, 10, 21, 4, 18, 45, 631),
  sinceLastActionMs: -1,
  cluster: "od",
  address: "127.0.0.1:21563",
  ejections: 1,
  enforced: true,
  details: null,
};

const HEAD = '{"type":"SUCCESS_RATE","timestamp":"2026-11-21T04:18:45.631Z",';
const MIDDLE =
  '"cluster_name":"od","upstream_url":"127.0.0.1:21563","action":"EJECT","num_ejections":1,"enforced":true';

describe("a line of the outlier event log", () => {
  it("cuts percentages to whole ones", () => {
    const details = { kind: "success_rate", rate: 33.9, average: 80.5, threshold: 40.1 } as const;
    assert.equal(
      outlierEventText({ ...event, details }),
      `${HEAD}${MIDDLE},"eject_success_rate_event":{"host_success_rate":33,"cluster_average_success_rate":80,` +
        '"cluster_success_rate_ejection_threshold":40}}',
    );
    const percentage = { kind: "failure_percentage", rate: 12.5 } as const;
    assert.equal(
      outlierEventText({ ...event, details: percentage }),
      `${HEAD}${MIDDLE},"eject_failure_percentage_event":{"host_success_rate":12}}`,
    );
  });

  it("has whole seconds since the last action as a text, when there was one", () => {
    const text = outlierEventText({ ...event, sinceLastActionMs: 2_999 });
    assert.equal(text, `${HEAD}"secs_since_last_action":"2",${MIDDLE}}`);
    assert.match(outlierEventText({ ...event, sinceLastActionMs: 0 }), /"secs_since_last_action":"0"/);
  });

  it("has no fraction of a second when it is a whole one", () => {
    assert.match(outlierEventText({ ...event, wallMs: event.wallMs - 631 }), /"timestamp":"2026-11-21T04:18:45Z"/);
  });
});
