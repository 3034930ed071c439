// The load reporting document with real Envoys as its proxies and our server.
import { after, before, describe } from "mocha";
import { envoyInstalled } from "../support/live-proxy.ts";
import { type LoadDocument, runLoadDocument } from "../support/load-document.ts";
import { documentTests } from "../support/load-document-tests.ts";

let run: LoadDocument | null = null;

describe("the load reporting document with two Envoys", function () {
  this.timeout(60_000);

  before(async function () {
    if (!envoyInstalled()) this.skip();
    run = await runLoadDocument("envoy");
  });

  after(() => run?.stop());

  documentTests(() => run as LoadDocument);
});
