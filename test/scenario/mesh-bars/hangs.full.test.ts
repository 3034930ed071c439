import { describeBar } from "../../support/mesh-bars/describe-bar.ts";
import { HANGS } from "./hangs.ts";

describeBar(HANGS);
