// Which folder makes the filters of each plan. A new filter is one line here. Called by filter-table.ts.
import type { FilterSettings, NamedFilter } from "../../config/plan/http-filter.ts";
import { openBuffer } from "./buffer/buffer.ts";
import { openCors } from "./cors/cors.ts";
import { openFault } from "./fault/fault.ts";
import type { FilterMaker, FilterSite } from "./filter.ts";
import { openGrpcHttp1Bridge } from "./grpc-http1-bridge/grpc-http1-bridge.ts";
import { openGrpcStats } from "./grpc-stats/grpc-stats.ts";
import { openGrpcWeb } from "./grpc-web/grpc-web.ts";
import { openHeaderMutation } from "./header-mutation/header-mutation.ts";
import { openHealthCheck } from "./health-check/health-check.ts";
import { openLocalRateLimit } from "./local-ratelimit/local-ratelimit.ts";
import { openModule } from "./module/open-module.ts";

/** Opens a filter for one connection manager of one worker. */
export function openFilter(settings: FilterSettings & NamedFilter, site: FilterSite): FilterMaker {
  switch (settings.kind) {
    case "buffer":
      return openBuffer(settings, site);
    case "fault":
      return openFault(settings, site);
    case "cors":
      return openCors(site);
    case "header_mutation":
      return openHeaderMutation(settings, site);
    case "grpc_http1_bridge":
      return openGrpcHttp1Bridge(settings, site);
    case "grpc_stats":
      return openGrpcStats(settings, site);
    case "grpc_web":
      return openGrpcWeb(site);
    case "health_check":
      return openHealthCheck(settings, site);
    case "module":
      return openModule(settings, site);
    case "local_ratelimit":
      return openLocalRateLimit(settings, site);
  }
}
