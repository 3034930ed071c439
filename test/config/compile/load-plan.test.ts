import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it } from "mocha";
import { loadPlan } from "../../../src/config/compile/load-plan.ts";

const FOLDER = "test/golden/envoy";

/** What of Envoy's the files use that is refused, by the words of the refusal. */
const REFUSED: Readonly<Record<string, readonly RegExp[]>> = {
  "grpc-lb.l4-like-service.yaml": [/tcp_proxy/],
  "misc.yaml": [/tcp_proxy/],
  "responses.yaml": [/fault/, /rbac/, /local_ratelimit/, /buffer/, /health_check/],
};

describe("the files that Envoy serves", () => {
  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith(".yaml"))) {
    const refused = REFUSED[file] ?? [];
    it(`${file} ${refused.length === 0 ? "has a plan" : "is refused for features by name only"}`, () => {
      const { plan, errors } = loadPlan({ path: `${FOLDER}/${file}`, yaml: "" });
      const unexpected = errors.filter(
        ({ message }) => !message.startsWith("not supported: ") || !refused.some((words) => words.test(message)),
      );
      assert.deepEqual(unexpected, []);
      assert.equal(plan === null, refused.length > 0);
    });
  }
});
