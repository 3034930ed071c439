import assert from "node:assert/strict";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, it } from "mocha";
import { type AdminLimits, type AdminServer, startAdminServer } from "../../../src/control/admin/admin-server.ts";
import type { RunningNode } from "../../../src/supervisor/node.ts";
import { countOf } from "../../../src/telemetry/histogram-summary.ts";
import { type StatsNotice, StatsWriter } from "../../../src/telemetry/stats-memory.ts";
import { StatsReader } from "../../../src/telemetry/stats-reader.ts";
import { askAdmin, exchange } from "../../support/admin-client.ts";
import { eventually, startTestNode } from "../../support/nodes.ts";
import { bareListener, barePlan } from "../../support/plans.ts";
import { RawClient } from "../../support/raw-client.ts";

describe("what the admin listener counts of itself", () => {
  let node: RunningNode;
  let server: AdminServer;
  let reader: StatsReader;
  let port: number;
  let notices: StatsNotice[];

  async function serve(limits: Partial<AdminLimits>): Promise<void> {
    const address = { kind: "socket", host: "127.0.0.1", port: 0, ipv4Compat: false } as const;
    server = await startAdminServer(node.view, address, new StatsWriter((notice) => notices.push(notice)), limits);
    port = server.address.kind === "socket" ? server.address.port : 0;
  }

  beforeEach(async () => {
    node = await startTestNode(barePlan([bareListener("a")]));
    notices = [];
    const source = {
      get generation() {
        return notices.length;
      },
      schema: () => assert.fail("no block"),
      sources: () => [{ writer: "main", notices }],
    };
    reader = new StatsReader(source);
    await serve({});
  });

  afterEach(async () => {
    await server.close();
    await node.stop();
  });

  /** Every counter and gauge that is not 0, without its prefix when it is of http.admin. */
  function counted(): Record<string, number> {
    const used = reader.values().filter(({ value }) => value !== 0);
    return Object.fromEntries(used.map(({ name, value }) => [name.replace(/^http\.admin\.downstream_/, ""), value]));
  }

  it("are connections, requests, classes of answers and bytes", async () => {
    const request = "GET /ready HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    const answer = await exchange(port, request);
    await eventually(() => counted()["cx_destroy"] === 1);
    assert.deepEqual(counted(), {
      cx_destroy: 1,
      cx_destroy_local: 1,
      cx_http1_total: 1,
      cx_rx_bytes_total: request.length,
      cx_total: 1,
      cx_tx_bytes_total: answer.length,
      rq_2xx: 1,
      rq_completed: 1,
      rq_http1_total: 1,
      rq_total: 1,
      "listener.admin.downstream_cx_destroy": 1,
      "listener.admin.downstream_cx_total": 1,
      "listener.admin.http.admin.downstream_rq_2xx": 1,
      "listener.admin.http.admin.downstream_rq_completed": 1,
      "listener.admin.main_thread.downstream_cx_total": 1,
    });
    reader.flush();
    assert.deepEqual(
      reader.histograms().map(({ name, cumulative }) => [name, countOf(cumulative)]),
      [
        ["http.admin.downstream_cx_length_ms", 1],
        ["http.admin.downstream_rq_time", 1],
        ["listener.admin.downstream_cx_length_ms", 1],
      ],
    );
  });

  it("are answers by class", async () => {
    for (const line of ["GET /nosuch", "GET /quitquitquit", "POST /runtime_modify?a=b", "HEAD /ready"]) {
      await askAdmin(port, line);
    }
    const { rq_2xx, rq_4xx, rq_5xx, rq_completed } = counted();
    assert.deepEqual([rq_2xx, rq_4xx, rq_5xx, rq_completed], [1, 2, 1, 4]);
  });

  it("are open connections and requests", async () => {
    const socket = connect(port, "127.0.0.1");
    socket.write("POST /logging HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf");
    await eventually(() => counted()["rq_active"] === 1);
    const { cx_active, cx_http1_active, ...others } = counted();
    assert.deepEqual([cx_active, cx_http1_active, others["listener.admin.downstream_cx_active"]], [1, 1, 1]);
    socket.destroy();
    await eventually(() => counted()["cx_destroy"] === 1);
    const { rq_active, rq_rx_reset, cx_destroy_active_rq, cx_destroy_remote, cx_destroy_remote_active_rq } = counted();
    assert.deepEqual(
      { rq_active, rq_rx_reset, cx_destroy_active_rq, cx_destroy_remote, cx_destroy_remote_active_rq },
      {
        rq_active: undefined,
        rq_rx_reset: 1,
        cx_destroy_active_rq: 1,
        cx_destroy_remote: 1,
        cx_destroy_remote_active_rq: 1,
      },
    );
  });

  it("are connections that their clients end, and that speak no HTTP", async () => {
    const client = await RawClient.open(port);
    client.end();
    await eventually(() => counted()["cx_destroy_remote"] === 1);
    await exchange(port, "BAD\r\n\r\n");
    assert.equal(counted()["cx_protocol_error"], 1);
    await eventually(() => counted()["cx_destroy_local"] === 1);
    assert.equal(counted()["cx_destroy"], 2);
  });

  it("are connections that stay idle", async () => {
    await server.close();
    notices.length = 0;
    await serve({ idleMs: 20 });
    await exchange(port, "GET /ready HTTP/1.1\r\nhost: a\r\n\r\n");
    await eventually(() => counted()["cx_destroy_local"] === 1);
    assert.equal(counted()["cx_idle_timeout"], 1);
    assert.equal(counted()["cx_destroy"], 1);
  });
});
