import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { AppendFile } from "../../../../src/control/load/server/append-file.ts";
import type { CountedReport } from "../../../../src/control/load/server/lrs-events.ts";
import { readLoadMessage } from "../../../../src/control/load/server/read-message.ts";
import { clusterStats, loadRequest } from "../../../support/lrs-client.ts";

const TIME = "2026-11-21T00:00:00.000Z";
let directory: string;
let path: string;

function report(sequence: number): CountedReport {
  const stats = clusterStats("ä", 5, {
    total_dropped_requests: 3,
    dropped_requests: [{ category: "__proto__", dropped_count: 2 }],
    upstream_locality_stats: [
      {
        locality: { zone: "z" },
        total_new_connections: 4,
        upstream_endpoint_stats: [{ address: { pipe: { path: "/a" } }, total_error_requests: 6 }],
      },
    ],
  });
  const { clusters = [] } = readLoadMessage(loadRequest({ cluster_stats: [stats] })) ?? {};
  return { node: "n", nodeCluster: "web", identity: { instance: "i", sequence }, clusters };
}

function restored(file: AppendFile): { readonly reports: CountedReport[]; readonly unreadable: number } {
  const reports: CountedReport[] = [];
  const unreadable = file.restore((one) => reports.push(one));
  return { reports, unreadable };
}

describe("a file of reports", () => {
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "starling-append-"));
    path = join(directory, "reports.jsonl");
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  it("has a line of JSON for each report, and gives each back as it was", () => {
    const file = new AppendFile(path);
    assert.equal(file.append(TIME, report(1)), null);
    assert.equal(file.append(TIME, { ...report(2), identity: null }), null);
    file.close();
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { time: string }).time),
      [TIME, TIME],
    );
    const again = new AppendFile(path);
    assert.deepEqual(restored(again), { reports: [report(1), { ...report(2), identity: null }], unreadable: 0 });
    again.close();
  });

  it("goes on after a line that a crash has cut short", () => {
    const first = new AppendFile(path);
    first.append(TIME, report(1));
    first.close();
    appendFileSync(path, '{"time":"2026","node":{"id":"n');
    const second = new AppendFile(path);
    assert.deepEqual(restored(second), { reports: [report(1)], unreadable: 1 });
    second.append(TIME, report(2));
    assert.deepEqual(restored(second), { reports: [report(1), report(2)], unreadable: 1 });
    second.close();
  });

  it("takes lines that say something else for no reports", () => {
    writeFileSync(
      path,
      '{}\n[]\n\n{"node":{"id":"a","cluster":"b"},"clusters":[{"cluster":"c","dropped":-1,"localities":[]}]}\n',
    );
    const file = new AppendFile(path);
    assert.deepEqual(restored(file), { reports: [], unreadable: 3 });
    file.close();
  });

  it("is opened again after it was moved away", () => {
    const file = new AppendFile(path);
    file.append(TIME, report(1));
    renameSync(path, `${path}.1`);
    file.reopen();
    file.append(TIME, report(2));
    assert.deepEqual(restored(file).reports, [report(2)]);
    file.close();
  });

  it("says what the system says when a report cannot be written", () => {
    const full = new AppendFile("/dev/full");
    assert.equal(full.append(TIME, report(1)), "No space left on device");
    full.close();
  });
});
