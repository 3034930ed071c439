// What the upstream room costs a request that finds a ready connection: pick, stream, end. Sockets and codecs are fakes that cost
// next to nothing. Run: node benchmarks/micro/pool.ts

import { TestRequest, UpstreamBench } from "../../test/dataplane/upstream/support/upstream-bench.ts";
import { clusterPlan, endpoint } from "../../test/support/cluster-plans.ts";
import { measure } from "./measure.ts";

for (const protocol of ["http1", "http2"] as const) {
  for (const others of [0, 9_999]) {
    const plans = Array.from({ length: others }, (_, i) => clusterPlan(`other${i}`, [endpoint(81)]));
    const bench = new UpstreamBench([...plans, clusterPlan("c", [endpoint(80)], { protocol })]);
    bench.openNow();
    const codec = bench.codecs.last();
    codec.finish();
    const request = new TestRequest();
    measure(`open and finish, ${protocol}, ${others + 1} clusters`, () => {
      bench.manager.cluster("c")?.open(request);
      codec.finish();
    });
  }
}
