import { EmbeddedBroker, NatsStage, TEST_PACE } from "../../../support/bus-stage.ts";
import { busContract } from "./contract.ts";

busContract("the embedded broker", () => NatsStage.open(new EmbeddedBroker(), TEST_PACE));
