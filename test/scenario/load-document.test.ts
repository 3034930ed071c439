// The load reporting document on Starling alone: its server, its two proxies, the script.
import { after, before, describe } from "mocha";
import { type LoadDocument, runLoadDocument } from "../support/load-document.ts";
import { documentTests } from "../support/load-document-tests.ts";

let run: LoadDocument;

describe("the load reporting document with two Starlings", function () {
  this.timeout(60_000);

  before(async () => {
    run = await runLoadDocument("starling");
  });

  after(() => run.stop());

  documentTests(() => run);
});
