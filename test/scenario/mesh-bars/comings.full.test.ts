import { describeBar } from "../../support/mesh-bars/describe-bar.ts";
import { COMINGS } from "./comings.ts";

describeBar(COMINGS);
