import { describeBar } from "../../support/mesh-bars/describe-bar.ts";
import { partition } from "./partition.ts";

for (const how of ["cut", "stalled"] as const) describeBar(partition(how));
