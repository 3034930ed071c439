import { describeBar } from "../../support/mesh-bars/describe-bar.ts";
import { CUT_OFF } from "./cut-off.ts";

describeBar(CUT_OFF);
