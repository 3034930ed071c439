import { describeBar } from "../../support/mesh-bars/describe-bar.ts";
import { OWNER_DIES } from "./owner-dies.ts";

describeBar(OWNER_DIES);
