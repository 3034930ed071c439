import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { labelsOf, type MetadataMatchPlan, metadataMatchOf } from "../../../src/config/plan/subset.ts";
import { subsetLabels } from "../../../src/dataplane/exchange/subset-labels.ts";
import type { FilterMaker } from "../../../src/dataplane/filters/filter.ts";
import { filterScene } from "../../support/filter-scene.ts";

const match = (labels: Readonly<Record<string, unknown>>): MetadataMatchPlan => metadataMatchOf(labelsOf(labels));
const said = (labels: Readonly<Record<string, unknown>>): Map<string, Map<string, unknown>> =>
  new Map([["envoy.lb", new Map(Object.entries(labels))]]);

describe("the labels that a request's endpoint must have", () => {
  it("are the weighted cluster's, else the route's", () => {
    const forward = { metadataMatch: match({ version: "1" }) };
    const chosen = { metadataMatch: match({ version: "2" }) };
    assert.equal(subsetLabels({ metadata: null }, chosen, forward), chosen.metadataMatch);
    assert.equal(subsetLabels({ metadata: null }, { metadataMatch: null }, forward), forward.metadataMatch);
    assert.equal(subsetLabels({ metadata: new Map() }, null, { metadataMatch: null }), null);
  });

  it("are those that filters gave the request over them", () => {
    const forward = { metadataMatch: match({ stage: "prod", version: "1" }) };
    const metadata = said({ version: "3" });
    assert.deepEqual(subsetLabels({ metadata }, null, forward), match({ stage: "prod", version: "3" }));
    assert.deepEqual(subsetLabels({ metadata }, null, { metadataMatch: null }), match({ version: "3" }));
  });

  it("reach the cluster with the request", () => {
    const label: FilterMaker = (call) => {
      call.setMetadata("envoy.lb", "version", "canary");
      return null;
    };
    const { world, up } = filterScene({ makers: [label] });
    up.mode = "wait";
    world.connect().send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    assert.deepEqual(up.waiting[0]?.metadataMatch, match({ version: "canary" }));
    up.openWaiting();
    up.stream().respond(200, { "content-length": "0" }, "");
    assert.deepEqual(world.leaks(), []);
  });
});
