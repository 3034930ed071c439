import { describeBar } from "../../support/mesh-bars/describe-bar.ts";
import { stopped } from "./stopped.ts";

for (const forMs of [2_000, 10_000, 60_000]) describeBar(stopped(forMs));
