import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { EMPTY, extension, LOCAL, loadMesh } from "../../support/mesh-file.ts";

const LAYERS =
  "layered_runtime: { layers: [{ name: base, static_layer: {} }, { name: more, static_layer: {} }, { name: admin, admin_layer: {} }] }\n";

function layersOf(...fields: string[]): string {
  const { plan, errors } = loadMesh(LAYERS + extension(...fields), { mesh: LOCAL });
  return plan?.runtime.layers.map(({ name, kind }) => `${name}=${kind}`).join(" ") ?? errors.join("\n");
}

describe("the mesh's layer of the runtime", () => {
  it("stands below the admin layer, and is called mesh, unless told", () => {
    assert.equal(layersOf("runtime_layer: {}"), "base=static more=static mesh=mesh admin=admin");
    assert.equal(
      layersOf("runtime_layer: { name: shared, after: base }"),
      "base=static shared=mesh more=static admin=admin",
    );
    assert.equal(layersOf("runtime_layer: { after: admin }"), "base=static more=static admin=admin mesh=mesh");
  });

  it("is the only one of a file without layers", () => {
    const { plan } = loadMesh(extension("runtime_layer: {}"), { mesh: LOCAL });
    assert.deepEqual(plan?.runtime.layers, [{ kind: "mesh", name: "mesh" }]);
    assert.equal(plan?.mesh?.hasRuntimeLayer, true);
  });

  it("is not there without the field", () => {
    assert.equal(loadMesh(EMPTY, { mesh: LOCAL }).plan?.mesh?.hasRuntimeLayer, false);
    assert.equal(layersOf("owners: 2"), "base=static more=static admin=admin");
  });

  it("is not there without a mesh, which is said", () => {
    const { plan, warnings } = loadMesh(extension("runtime_layer: {}"));
    assert.deepEqual(plan?.runtime.layers, []);
    assert.match(warnings.join("\n"), /runtime_layer: is not used: no mesh is named/);
  });

  it("has a name of its own, and a layer that it follows", () => {
    assert.match(layersOf("runtime_layer: { name: base }"), /runtime_layer\.name: Duplicate layer name: base/);
    assert.match(
      layersOf("runtime_layer: { after: nope }"),
      /runtime_layer\.after: layered_runtime has no layer 'nope'/,
    );
  });
});
