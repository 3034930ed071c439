import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { importsOf, sourceFiles, sourceText } from "../support/source-files.ts";
import { MEETING_PLACE, ROOMS } from "./rooms.ts";

const files = sourceFiles("src", "workers");
const roomOf = (file: string): string => file.split("/")[1] ?? "";
const inRooms = files.filter((file) => file.startsWith("src/") && file.split("/").length > 2);

describe("the house", () => {
  it("has only the rooms of the table", () => {
    const known = new Set(ROOMS.map((room) => room.name));
    assert.deepEqual(
      [...new Set(inRooms.map(roomOf))].filter((room) => !known.has(room)),
      [],
    );
  });

  it("has no import that crosses the table", () => {
    const crossings = inRooms.flatMap((file) =>
      importsOf(file)
        .filter((found) => found.ofProject && !allowed(roomOf(file), found.target))
        .map((found) => `${file} imports ${found.target}`),
    );
    assert.deepEqual(crossings, []);
  });

  it("uses packages only in the rooms that own them", () => {
    const strays = inRooms.flatMap((file) => {
      const mayUse = ROOMS.find((room) => room.name === roomOf(file))?.mayUse ?? [];
      return importsOf(file)
        .filter((found) => !found.ofProject && !found.typeOnly && !mayUse.includes(found.target))
        .map((found) => `${file} uses ${found.target}`);
    });
    assert.deepEqual(strays, []);
  });

  it("lets an inbox meet the data path in one place only, the command line aside, which asks it for `explain` without a thread", () => {
    const meeting = files.filter((file) => {
      const rooms = new Set(
        importsOf(file)
          .filter((found) => found.ofProject && !found.typeOnly)
          .map((found) => roomOf(found.target)),
      );
      return rooms.has("dataplane") && (rooms.has("actor") || rooms.has("messages") || rooms.has("supervisor"));
    });
    assert.deepEqual(
      meeting.filter((file) => file !== MEETING_PLACE && file !== "src/main.ts"),
      [],
    );
  });

  it("keeps what containers run beside the program apart: it imports each other, Node and a library, nothing of the house", () => {
    const libraries = { "compose/apps/": ["@grpc/grpc-js"], "compose/image/": ["yaml", "@nats-io/transport-node"] };
    for (const [folder, mayUse] of Object.entries(libraries)) {
      const files = sourceFiles(folder);
      const isAllowed = (target: string): boolean =>
        target.startsWith("node:") || target.startsWith(folder) || mayUse.includes(target);
      assert.deepEqual(
        files.filter((file) => importsOf(file).some(({ target }) => !isAllowed(target))),
        [],
      );
      assert.notEqual(files.length, 0);
    }
    const folders = Object.keys(libraries);
    assert.ok(sourceFiles("compose").every((file) => folders.some((folder) => file.startsWith(folder))));
  });

  it("keeps thread entry points under 60 lines", () => {
    const long = sourceFiles("workers").filter((file) => sourceText(file).split("\n").length > 61);
    assert.deepEqual(long, []);
  });
});

function allowed(room: string, target: string): boolean {
  const [top, targetRoom, sub] = target.split("/");
  if (top !== "src") return false;
  if (targetRoom === room) return true;
  const mayImport = ROOMS.find((one) => one.name === room)?.mayImport ?? [];
  return mayImport.some((name) => name === targetRoom || name === `${targetRoom}/${sub}`);
}
