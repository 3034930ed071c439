import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { eventText } from "../../../src/control/health/event-text.ts";
import { endpoint } from "../../support/cluster-plans.ts";
import { httpCheck, numbered } from "./health-simulation.ts";

const SECOND = Date.UTC(2026, 10, 21, 15, 14, 2);
const HOST =
  '{"socket_address":{"protocol":"TCP","address":"127.0.0.1","port_value":27811,"resolver_name":"","ipv4_compat":false,' +
  '"network_namespace_filepath":""}}';

// The bytes that Envoy 1.40 wrote; what golden.test.ts has is not here.
describe("an event line", () => {
  it("has the endpoint's metadata and locality", () => {
    const facts = numbered(
      endpoint(27_811, {
        metadata: { "envoy.lb": { a: "b" } },
        locality: { region: "r", zone: "z", subZone: "s" },
      }),
      0,
    );
    assert.equal(
      eventText(
        { kind: "degraded_healthy_host" },
        { cluster: "m", check: httpCheck(), endpoint: facts },
        SECOND + 7_523,
      ),
      `{"health_checker_type":"HTTP","host":${HOST},"cluster_name":"m","timestamp":"2026-11-21T15:14:09.523Z",` +
        '"degraded_healthy_host":{},"metadata":{"filter_metadata":{"envoy.lb":{"a":"b"}},"typed_filter_metadata":{}},' +
        '"locality":{"region":"r","zone":"z","sub_zone":"s"}}',
    );
  });

  it("says that a failure was passive", () => {
    assert.equal(
      eventText(
        { kind: "eject_unhealthy_event", failure: "PASSIVE", httpStatus: 0 },
        { cluster: "s", check: httpCheck(), endpoint: numbered(endpoint(27_811), 0) },
        SECOND + 839,
      ),
      `{"health_checker_type":"HTTP","host":${HOST},"cluster_name":"s",` +
        '"eject_unhealthy_event":{"failure_type":"PASSIVE","http_status_code":0},"timestamp":"2026-11-21T15:14:02.839Z",' +
        '"locality":{"region":"","zone":"","sub_zone":""}}',
    );
  });

  it("names a pipe, and writes a whole second without its parts", () => {
    const facts = numbered(endpoint(0, { address: { kind: "pipe", path: "/tmp/s", mode: 0 } }), 0);
    assert.match(
      eventText(
        { kind: "add_healthy_event", isFirst: true },
        { cluster: "p", check: httpCheck(), endpoint: facts },
        SECOND,
      ),
      /"host":\{"pipe":\{"path":"\/tmp\/s","mode":0\}\}.*"timestamp":"2026-11-21T15:14:02Z"/,
    );
  });
});
