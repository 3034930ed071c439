import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, it } from "mocha";
import { type Door, type Manners, ProbeBench } from "../../../support/probe-bench.ts";

describe("a process with probes that is stopped for two seconds, their time-out being one", () => {
  let bench: ProbeBench;
  let child: ChildProcess;

  beforeEach(() => {
    bench = new ProbeBench();
  });

  afterEach(async () => {
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
    await bench.end();
  });

  /** Starts the child; its outcomes come one by one. */
  const start = (door: Door, kind: string, kept: string): AsyncIterator<string> => {
    child = spawn(process.execPath, [CHILD, String(door.port), kind, kept], { stdio: ["ignore", "pipe", "inherit"] });
    return createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  };

  /** The child stands still, and what `meanwhile` does happens in the middle of that. */
  const stopped = async (meanwhile: () => void = () => {}): Promise<void> => {
    child.kill("SIGSTOP");
    await passed(1_000);
    meanwhile();
    await passed(1_000);
    child.kill("SIGCONT");
  };

  const good = async (outcomes: AsyncIterator<string>, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) assert.equal((await outcomes.next()).value, "success ");
  };

  it("takes the answer that came meanwhile", async () => {
    const asked = new Signal();
    let answer = (): void => {};
    const door = await bench.behaving((socket) => {
      let questions = 0;
      socket.on("data", () => {
        questions++;
        answer = () => socket.write(OK);
        if (questions === 2) asked.give();
        else answer();
      });
    });
    const outcomes = start(door, "http", "kept");
    await good(outcomes, 1);
    await asked.given;
    await stopped(answer);
    await good(outcomes, 3);
  }).timeout(10_000);

  it("takes the answer that comes after it goes on, in what is left of the time", async () => {
    const asked = new Signal();
    let answer = (): void => {};
    const door = await bench.behaving((socket) => {
      socket.on("data", () => {
        answer = () => socket.write("PONG");
        asked.give();
      });
    });
    const outcomes = start(door, "tcp", "kept");
    await asked.given;
    await stopped();
    setTimeout(answer, 300);
    await good(outcomes, 1);
  }).timeout(10_000);

  it("goes on with a connection that was under way", async () => {
    const connected = new Signal();
    const manners: Manners = (socket, connection) => {
      // Stopped as soon as the kernel has the connection: the child hears of it afterwards.
      if (connection === 3) connected.give();
      socket.on("data", () => socket.write(OK));
    };
    const door = await bench.behaving(manners);
    const outcomes = start(door, "http", "not kept");
    await good(outcomes, 2);
    await connected.given;
    await stopped();
    await good(outcomes, 3);
  }).timeout(10_000);

  it("still fails an endpoint that says nothing", async () => {
    const asked = new Signal();
    const door = await bench.behaving((socket) => socket.on("data", () => asked.give()));
    const outcomes = start(door, "http", "kept");
    await asked.given;
    await stopped();
    assert.equal((await outcomes.next()).value, "timeout no answer within 1000 ms");
  }).timeout(10_000);
});

/** Something that happens once. */
class Signal {
  give: () => void = () => {};
  readonly given: Promise<void> = new Promise((resolve) => {
    this.give = resolve;
  });
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const CHILD = fileURLToPath(new URL("../../../support/stopped-prober.ts", import.meta.url));
