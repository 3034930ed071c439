import { describeBar } from "../../support/mesh-bars/describe-bar.ts";
import { BROKER_KILLED } from "./broker-killed.ts";

describeBar(BROKER_KILLED);
