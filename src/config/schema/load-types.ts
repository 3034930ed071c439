// The file of `starling lrs-server` in .proto notation: whom to ask for which reports. later.ts has it read with what Envoy's files lack.
// Data only.

/** One text per package. */
export const loadTypes: readonly string[] = [
  `package starling.load.v1;
  message LoadReportServer {
    envoy.service.load_stats.v3.LoadStatsResponse ask = 1;
    repeated NodeRule nodes = 2;
  }
  message NodeRule {
    envoy.type.matcher.v3.StringMatcher id = 1;
    envoy.type.matcher.v3.StringMatcher cluster = 2;
    envoy.service.load_stats.v3.LoadStatsResponse ask = 3 [(validate.rules).message = {required: true}];
  }`,
];
