import { describeBar } from "../../support/mesh-bars/describe-bar.ts";
import { REFUSES } from "./refuses.ts";

describeBar(REFUSES);
