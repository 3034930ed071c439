// Every request with two readings, sent to the running program: what reaches the upstream has one reading, or nothing does.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, it } from "mocha";
import { SMUGGLING_CASES, type SmugglingCase } from "../../protocol/h1/smuggling-cases.ts";
import { RawClient } from "../../support/raw-client.ts";
import { RecordingUpstream } from "../../support/recording-upstream.ts";
import { Stage } from "../../support/stage.ts";

describe("request smuggling over HTTP/1.1, live", () => {
  let upstream: RecordingUpstream;
  let stage: Stage;

  before(async () => {
    upstream = await RecordingUpstream.start();
    stage = await Stage.start({ upstreamPort: upstream.port });
  });

  after(async () => {
    await stage.untilIdle();
    await stage.stop();
    await upstream.stop();
  });

  for (const one of SMUGGLING_CASES.map(inTheProgram)) {
    it(`${one.name}: ${one.outcome}`, async () => {
      const before = upstream.requests.length;
      const answer = await answerTo(stage.port, one);
      // Behind this answer lies everything that the program would have forwarded of the case.
      const fence = await RawClient.open(stage.port);
      await fence.get("/fence");
      fence.end();
      const seen = upstream.requests.slice(before).filter(({ startLine }) => startLine !== "GET /fence HTTP/1.1");
      assert.deepEqual(upstream.violations, []);
      assert.deepEqual(
        seen.map(({ body }) => body),
        one.body === null ? [] : [one.body],
      );
      assert.match(answer, one.outcome === "rejected" ? /^HTTP\/1\.1 [45]\d\d / : /^HTTP\/1\.1 200 /);
    });
  }
});

/** What the codec would pass on but the program refuses, as Envoy does: 403 where no upgrade is configured. */
function inTheProgram(one: SmugglingCase): SmugglingCase {
  return one.name === "a request behind an upgrade that was not granted"
    ? { ...one, outcome: "rejected", body: null }
    : one;
}

/** The first answer; a rejected request's connection must end as well. */
function answerTo(port: number, { bytes, outcome }: SmugglingCase): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    const late = setTimeout(() => {
      socket.destroy();
      reject(new Error(`neither whole nor closed after ${JSON.stringify(text)}`));
    }, 5_000);
    const finish = (): void => {
      clearTimeout(late);
      socket.destroy();
      resolve(text);
    };
    socket.on("error", () => {});
    socket.on("close", finish);
    socket.on("data", (data) => {
      text += data.toString("latin1");
      if (outcome === "normalised" && text.endsWith("\r\n\r\nok")) finish();
    });
    socket.write(bytes, "latin1");
  });
}
