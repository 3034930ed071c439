import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { beforeEach, describe, it } from "mocha";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import { CertificateWatch } from "../../src/supervisor/certificate-watch.ts";
import { DEFAULT_LOGGER_OPTIONS, Logger } from "../../src/supervisor/log/logger.ts";
import type { ReloadOutcome } from "../../src/supervisor/reload.ts";
import { StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { pem } from "../support/tls-plans.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { watchedConfig } from "../support/watched-certificates.ts";

const APPLIED: ReloadOutcome = { kind: "applied", text: "" };

let clock: VirtualClock;
let files: Map<string, string>;
let plan: Plan;
let changes: number;
let outcome: ReloadOutcome;
let stats: StatsWriter;
let afterRead: () => void;
let wallMs: number;
let log: Logger;

function write(name: string): void {
  files.set("/f/tls.pem", pem(name));
  files.set("/f/tls.key", pem(`${name}.key`));
}

function read(path: string): Uint8Array | Error {
  const text = files.get(path);
  afterRead();
  return text === undefined ? new Error("no such file") : new TextEncoder().encode(text);
}

function watch(): CertificateWatch {
  return new CertificateWatch({
    wheel: clock.wheel,
    log,
    ownStats: stats,
    files: { read, mark: (path) => files.get(path) ?? "" },
    plan: () => plan,
    wallMs: () => wallMs,
    change: (next) => {
      changes++;
      if (outcome.kind === "applied") plan = next(plan);
      return Promise.resolve(outcome);
    },
  });
}

/** Time in steps, with a turn for what was promised. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    clock.advanceMs(50);
    await new Promise(setImmediate);
  }
}

function shown(): string | undefined {
  return plan.listeners[0]?.filterChains[0]?.tls?.certificates[0]?.chainPem;
}

function counted(): number[] {
  return ["renewed", "refused"].map((name) => {
    const { values, at } = stats.counter(`starling.certificates_${name}`);
    return values[at] as number;
  });
}

describe("the watch of certificates", () => {
  beforeEach(async () => {
    clock = new VirtualClock();
    files = new Map([["/f/ca.pem", pem("ca")]]);
    write("front");
    afterRead = () => {};
    const made = loadPlan({ file: "f", text: watchedConfig({ folder: "/f", isWatched: true }) }, { readFile: read });
    assert.ok(made.plan !== null);
    plan = made.plan;
    changes = 0;
    outcome = APPLIED;
    wallMs = Date.UTC(2026, 10, 22);
    log = new Logger(clock, { ...DEFAULT_LOGGER_OPTIONS, level: "off" });
    stats = new StatsWriter(() => {});
  });

  it("warns once of a certificate in its last week, and once when it has expired", async () => {
    const { validToDate } = new X509Certificate(pem("front"));
    const warnings = (): string[] => log.recent().map(({ text }) => text);
    watch();
    await pass(1_000);
    assert.deepEqual(warnings(), []);
    wallMs = validToDate.getTime() - 86_400_000;
    plan = { ...plan };
    await pass(1_000);
    const [first = "", ...others] = warnings();
    assert.match(first, /^the certificate of \/f\/tls\.pem \(CN=.*\) expires on 2126-/);
    const told = others.length;
    wallMs += 2 * 86_400_000;
    for (let passedMs = 0; passedMs < 7_200_000; passedMs += 300) clock.advanceMs(300);
    await pass(1_000);
    assert.equal(warnings().filter((text) => text.startsWith("the certificate of /f/tls.pem")).length, 2);
    assert.match(warnings()[told + 1] ?? "", /expired on 2126-/);
  });

  it("changes nothing while the files hold what the plan does", async () => {
    watch();
    await pass(5_000);
    assert.deepEqual([changes, counted()], [0, [0, 0]]);
  });

  it("has a new pair taken within a second, once", async () => {
    watch();
    await pass(1_000);
    write("other");
    await pass(1_000);
    assert.equal(shown(), pem("other"));
    await pass(5_000);
    assert.deepEqual([changes, counted()], [1, [1, 0]]);
  });

  it("notices what changed between the reading of the configuration and its first look", async () => {
    write("other");
    watch();
    await pass(1_000);
    assert.equal(shown(), pem("other"));
  });

  it("keeps the pair while only one half of the other has come, counts that once, and takes the other when it is whole", async () => {
    watch();
    await pass(1_000);
    files.set("/f/tls.pem", pem("other"));
    await pass(5_000);
    assert.deepEqual([shown(), changes, counted()], [pem("front"), 0, [0, 1]]);
    files.set("/f/tls.key", pem("other.key"));
    await pass(1_000);
    assert.deepEqual([shown(), changes, counted()], [pem("other"), 1, [1, 1]]);
  });

  it("does not say again what is still wrong when another file changes", async () => {
    watch();
    files.set("/f/tls.pem", pem("other"));
    await pass(1_000);
    files.set("/f/ca.pem", pem("stranger"));
    await pass(1_000);
    assert.deepEqual(counted(), [1, 1]);
    assert.equal(plan.clusters[0]?.tls?.validation?.trustedCaPem, pem("stranger"));
  });

  it("reads nothing while a file is being written, and nothing that changed under its hands", async () => {
    watch();
    await pass(1_000);
    for (let length = 100; length < 500; length += 100) {
      files.set("/f/tls.pem", pem("other").slice(0, length));
      await pass(250);
    }
    afterRead = () => {
      afterRead = () => {};
      files.set("/f/tls.key", pem("other.key"));
    };
    files.set("/f/tls.pem", pem("other"));
    await pass(2_000);
    assert.deepEqual([shown(), counted()], [pem("other"), [1, 0]]);
  });

  it("counts what the node does not take", async () => {
    outcome = { kind: "refused", errors: ["listener 'main': too small"] };
    watch();
    write("other");
    await pass(5_000);
    assert.deepEqual([shown(), changes, counted()], [pem("front"), 1, [0, 1]]);
  });

  it("looks no more when it is stopped", async () => {
    const watching = watch();
    watching.stop();
    write("other");
    await pass(5_000);
    assert.equal(changes, 0);
  });
});
