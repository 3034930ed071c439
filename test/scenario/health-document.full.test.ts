// The health-check document followed on Starling, command by command: what its reader sees is what the document shows.
import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { follow, maskedClusters, type Part, STEPS, type Story } from "../support/health-story.ts";
import { goldenText } from "../support/live-proxy.ts";

/** `curl /stats | grep health_check`, the document's table, with what differs from zero. */
function table(counts: Readonly<Record<string, number | "<n>">>): string[] {
  const names = "attempt degraded failure healthy network_failure passive_failure success verify_cluster".split(" ");
  const lines = names.map((name) => `cluster.web_cluster_01.health_check.${name}: ${counts[name] ?? 0}`);
  return [...lines, "http.ingress_http.tracing.health_check: 0"];
}

const BOTH_HEALTHY = { blue: "healthy", yellow: "healthy" } as const;
const BLUE_OUT = { blue: "/failed_active_hc", yellow: "healthy" } as const;
const TIMED_OUT = "/failed_active_hc/active_hc_timeout";
const GROWING = { attempt: "<n>", success: "<n>" } as const;

const SHOWN: Readonly<Record<Part, Readonly<Record<string, unknown>>>> = {
  http: {
    "connections are refused while the first round is under way": {
      front: "curl ends with 7",
      ready: ["PRE_INITIALIZING", "503"],
      flags: { blue: "/failed_active_hc", yellow: "/failed_active_hc" },
      stats: table({ attempt: 2 }),
    },
    "the first round ends by its timeout, and the listener opens": {
      flags: { blue: TIMED_OUT, yellow: TIMED_OUT },
      stats: table({ attempt: 2, failure: 2, network_failure: 2 }),
    },
    "none is healthy: both get requests": "cluster.web_cluster_01.lb_healthy_panic: 4",
    "two passes make them healthy": {
      stats: table({ attempt: 6, failure: 2, healthy: 2, network_failure: 2, success: 4 }),
      flags: BOTH_HEALTHY,
    },
    "/listeners": "listener_0::127.0.0.1:<8080>\n",
    "/clusters": maskedClusters(
      goldenText("health-document/clusters-healthy.txt").replaceAll(/:(\d{4})::/g, ":<$1>::"),
    ),
    "/livez": "OK|200",
    "livez=FAIL takes blue out at its first bad probe": {
      posted: "|200",
      livez: "FAIL|506",
      stats: table({ ...GROWING, failure: 3, healthy: 1, network_failure: 2 }),
      flags: BLUE_OUT,
    },
    "livez=OK brings it back after two passes": {
      posted: "|200",
      passes: 2,
      stats: table({ ...GROWING, failure: "<n>", healthy: 2, network_failure: 2 }),
      flags: BOTH_HEALTHY,
    },
  },
  tcp: {
    "both pass their first probe": { stats: table({ attempt: 2, healthy: 2, success: 2 }), flags: BOTH_HEALTHY },
    "a side-car that stopped stays in for one failure": {
      stats: table({ ...GROWING, failure: 1, healthy: 2, network_failure: 1 }),
      flags: BOTH_HEALTHY,
    },
    "and is out after the second": {
      stats: table({ ...GROWING, failure: 2, healthy: 1, network_failure: 2 }),
      flags: BLUE_OUT,
    },
    "and comes back when it is started again": {
      flags: BOTH_HEALTHY,
      names: table({}).map((line) => line.split(":")[0]),
    },
  },
};

for (const [part, name] of [
  ["http", "HTTP checks, livez=FAIL and livez=OK"],
  ["tcp", "TCP checks and a side-car that stops"],
] as const) {
  describe(`the health-check document on Starling: ${name}`, function () {
    this.timeout(60_000);
    let story: Story;

    before(async () => {
      story = await follow(part, "starling");
    });

    for (const [title] of STEPS[part]) {
      it(title, () => assert.deepEqual(story.seen.get(title), SHOWN[part][title]));
    }

    it("shows every verdict in the very next requests", () => {
      assert.deepEqual(
        story.rounds.filter((rounds) => rounds > 1),
        [],
      );
      assert.ok(story.rounds.length >= 3);
    });
  });
}
