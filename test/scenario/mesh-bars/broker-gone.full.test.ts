import { describeBar } from "../../support/mesh-bars/describe-bar.ts";
import { BROKER_KILLED, BROKER_STOPPED } from "./broker-gone.ts";

describeBar(BROKER_KILLED);
describeBar(BROKER_STOPPED);
