// Fields of the plan and their readers: what nobody reads is said to the user, what somebody reads is not said any more.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { PENDING } from "../../../src/config/compile/pending.ts";
import { sourceFiles, sourceText } from "../../support/source-files.ts";

/** They say again, made ready, what other fields say. */
const DERIVED: ReadonlySet<string> = new Set(["totalWeight"]);
/** Envoy does nothing with it either without locality_weighted_lb_config, which is warned of. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set(["localityWeight"]);
/** TLS is read by net/ alone: its contexts come as a whole. */
const OF_TLS =
  /^(handshakeTimeoutMs|version(Min|Max)|requireClientCertificate|session|keyPem|password|.*Hashes|acceptUntrusted)/;
/** What makes plans into tests of texts, for whoever routes or probes. */
const PLAN_CODE: ReadonlySet<string> = new Set(
  ["header-test", "regex", "text-test"].map((name) => `src/config/plan/${name}.ts`),
);

describe("the fields of a plan", () => {
  const readers = sourceFiles("src", "workers")
    .filter((file) => !file.startsWith("src/config/") || PLAN_CODE.has(file))
    .map((file) => sourceText(file))
    .join("\n");
  const words = new Set(readers.match(/[A-Za-z0-9]+/g));
  const fields = sourceFiles("src/config/plan").flatMap((file) =>
    [...sourceText(file).matchAll(/readonly ([a-zA-Z0-9]+): /g)].map(([, name]) => name as string),
  );
  const unread = [...new Set(fields)].filter(
    (name) => !words.has(name) && !DERIVED.has(name) && !WITHOUT_EFFECT.has(name) && !OF_TLS.test(name),
  );

  it("are read by someone, or a warning says that they are not acted on yet", () => {
    const pending = new Set(PENDING.map(({ plan }) => plan));
    assert.deepEqual(
      unread.filter((name) => !pending.has(name)),
      [],
    );
  });

  it("are not said to be without effect once someone reads them", () => {
    const stale = PENDING.filter(({ plan }) => !unread.includes(plan)).map(({ plan }) => plan);
    assert.deepEqual(stale, []);
  });
});
