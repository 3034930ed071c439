import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ThreadLink, threadLink } from "../../src/actor/thread-link.ts";

describe("a link between threads", () => {
  it("carries messages both ways in order", async () => {
    const { link: ours, port } = threadLink<string, number>();
    const theirs = new ThreadLink<number, string>(port);
    const heard = new Promise<string[]>((resolve) => {
      const texts: string[] = [];
      ours.receive((text) => {
        texts.push(text);
        if (texts.length === 2) resolve(texts);
      });
    });
    theirs.receive((number) => theirs.send(`got ${number}`));
    ours.send(1);
    ours.send(2);
    assert.deepEqual(await heard, ["got 1", "got 2"]);
    ours.close();
  });

  it("gives signs of life by itself, in its turn among messages", async () => {
    const { link: ours, port } = threadLink<string, number>();
    const theirs = new ThreadLink<number, string>(port);
    const heard: string[] = [];
    theirs.receive((number) => theirs.send(`got ${number}`));
    ours.receive((text) => heard.push(text));
    ours.send(1);
    await new Promise<void>((resolve) => ours.ask(resolve));
    assert.deepEqual(heard, ["got 1"]);
    ours.close();
  });

  it("hands over what a dead thread said last", () => {
    const { link, port } = threadLink<string, string>();
    const heard: string[] = [];
    link.receive((text) => heard.push(text));
    port.postMessage("last words");
    link.drain();
    assert.deepEqual(heard, ["last words"]);
    link.close();
  });
});
