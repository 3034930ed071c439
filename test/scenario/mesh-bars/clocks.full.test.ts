import { describeBar } from "../../support/mesh-bars/describe-bar.ts";
import { CLOCKS } from "./clocks.ts";

describeBar(CLOCKS);
