import { describeBar } from "../../support/mesh-bars/describe-bar.ts";
import { HEALTH_THREADS_HUNG, OWNERS_KILLED } from "./owners-lost.ts";

describeBar(OWNERS_KILLED);
describeBar(HEALTH_THREADS_HUNG);
