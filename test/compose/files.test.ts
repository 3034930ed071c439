import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import { loadLrsServerFile } from "../../src/config/compile/lrs-server.ts";
import { formatDiagnostic } from "../../src/config/load/format-diagnostic.ts";
import { type ComposeService, composeData, composeFile, composeFiles } from "../support/compose-files.ts";
import { PROJECT, sourceText } from "../support/source-files.ts";

/** One for each document, and the mesh. */
const FILES = [
  "front-proxy.yaml",
  "grpc.yaml",
  "health-checks-tcp.yaml",
  "health-checks.yaml",
  "load-reporting.yaml",
  "mesh.yaml",
  "traffic-shift.yaml",
];

describe("compose files", () => {
  it("are there for the mesh and every document, each a project of its own", () => {
    assert.deepEqual(composeFiles().sort(), FILES);
    assert.equal(new Set(FILES.map((file) => composeFile(file).name)).size, FILES.length);
  });

  for (const file of FILES) {
    const services = Object.entries(composeFile(file).services);
    const wrong = (isWrong: (service: ComposeService) => boolean): string[] =>
      services.filter(([, service]) => isWrong(service)).map(([name]) => name);

    it(`publish no port that a client may be given: ${file}`, () => {
      const ports = services.flatMap(([, { ports: published = [] }]) => published);
      const hosts = ports.map((text) => /^(?:[\d.]+:)?(?:\d+-)?(\d+):\d+$/.exec(text)?.[1]);
      assert.ok(
        hosts.every((port) => Number(port) < 32_768),
        ports.join(),
      );
    });

    it(`name an image for every service, by a version unless it is ours, and no registry: ${file}`, () => {
      assert.deepEqual(
        wrong(({ image = "" }) => !/^(starling|starling-tools|[a-z]+(\/[a-z-]+)?:v?\d[\d.]*)$/.test(image)),
        [],
      );
    });

    it(`give every service a limit of processors and memory: ${file}`, () => {
      assert.deepEqual(
        wrong(({ deploy }) => !(Number(deploy?.resources?.limits?.cpus) > 0 && deploy?.resources?.limits?.memory)),
        [],
      );
    });

    it(`mount files that there are, read only, and volumes that are declared: ${file}`, () => {
      const declared = Object.keys(composeFile(file).volumes ?? {});
      const isWrong = (text: string): boolean => {
        const [from = "", , mode = ""] = text.split(":");
        return from.startsWith(".")
          ? mode !== "ro" || !existsSync(join(PROJECT, "compose", from))
          : !declared.includes(from);
      };
      assert.deepEqual(
        wrong(({ volumes = [] }) => volumes.some(isWrong)),
        [],
      );
    });

    it(`start programs of compose/apps that there are: ${file}`, () => {
      const words = services.flatMap(([, { command = [] }]) => command.flatMap((text) => text.split(/\s+/)));
      const programs = words.flatMap((word) => /^\/starling\/dist\/(.*)\.js$/.exec(word)?.[1] ?? []);
      assert.deepEqual(
        programs.filter((program) => !existsSync(join(PROJECT, `${program}.ts`))),
        [],
      );
    });
  }

  it("hold no key", () => {
    const found = composeData().filter((file) =>
      /PRIVATE KEY|\bS[UAONC][A-Z2-7]{56}\b|password\s*[:=]/i.test(sourceText(`compose/${file}`)),
    );
    assert.deepEqual(found, []);
  });
});

describe("configurations of the compose files", () => {
  const configurations = composeData().filter((file) => /^(?!observability).*\/.*\.yaml$/.test(file));

  for (const file of configurations) {
    it(`validate without a warning: ${file}`, () => {
      const path = join(PROJECT, "compose", file);
      const { plan, errors, warnings } = file.endsWith("/lrs-server.yaml")
        ? loadLrsServerFile(path)
        : loadPlan({ text: withTestCertificates(sourceText(`compose/${file}`)), file: path });
      assert.deepEqual([...errors, ...warnings].map(formatDiagnostic), []);
      assert.notEqual(plan, null);
    });
  }
});

/** The certificate that a volume holds only when containers run. */
function withTestCertificates(yaml: string): string {
  const certificate = join(PROJECT, "test/support/certs/front");
  return yaml
    .replaceAll("/certs/front-envoy.pem", `${certificate}.pem`)
    .replaceAll("/certs/front-envoy.key", `${certificate}.key.pem`);
}
