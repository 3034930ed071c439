// The child of honest.full.test.ts: probes an endpoint that it is given again and again, and says every outcome on a line of its own.
// Arguments: port, kind of check, whether connections are kept.
import { createProber } from "../../src/control/health/prober/prober.ts";
import { createNetContext } from "../../src/net/net-context.ts";
import { httpCheck, tcpCheck } from "./check-plans.ts";
import { clusterPlan, endpoint } from "./cluster-plans.ts";

const [port = "", kind = "", kept = ""] = process.argv.slice(2);
const net = createNetContext({
  onBug: (error) => {
    throw error;
  },
});
const more = { timeoutMs: 1_000, reuseConnection: kept === "kept" };
const check = kind === "tcp" ? tcpCheck("PING", ["PONG"], more) : httpCheck({}, more);
const target = { cluster: clusterPlan("backend", []), endpoint: { ...endpoint(Number(port)), slot: 0 }, check };
const probe = createProber(net).create(target, (outcome) => {
  process.stdout.write(`${outcome.kind} ${outcome.reason}\n`);
  setTimeout(() => probe.start(), 20);
});
probe.start();
