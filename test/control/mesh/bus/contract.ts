// What every bus promises, whatever carries it: run on the embedded broker, on a simulated one and on a real nats-server.
import { describe, it } from "mocha";
import { LIMITS, LOSSES } from "./contract-ends.ts";
import { MESSAGES, REQUESTS } from "./contract-messages.ts";
import type { BusStage } from "./contract-stage.ts";

/** Declares the tests. */
export function busContract(name: string, open: () => Promise<BusStage>): void {
  describe(`the bus contract on ${name}`, () => {
    for (const [title, test] of Object.entries({ ...MESSAGES, ...REQUESTS, ...LIMITS, ...LOSSES })) {
      it(title, async () => {
        const stage = await open();
        try {
          await test(stage);
        } finally {
          await stage.close();
        }
      });
    }
  });
}
