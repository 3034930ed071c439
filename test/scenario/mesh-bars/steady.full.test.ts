import { describeBar } from "../../support/mesh-bars/describe-bar.ts";
import { STEADY } from "./steady.ts";

describeBar(STEADY);
