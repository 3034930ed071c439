import { describeBar } from "../../support/mesh-bars/describe-bar.ts";
import { COLD_START } from "./cold-start.ts";

describeBar(COLD_START);
