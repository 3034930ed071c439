// A process with an embedded bus that tells its events on its output, to be killed: both the process's own code and the test's end of it.
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/base/clock.ts";
import { DrivenWheel } from "../../src/base/driven-wheel.ts";
import { systemRandom } from "../../src/base/random.ts";
import { stayAlive } from "../../src/base/stay-alive.ts";
import { EmbeddedBus } from "../../src/control/mesh/bus/embedded-bus.ts";
import { eventually } from "./nodes.ts";

/** The test's end. */
export class BusProcess {
  text = "";
  private readonly child: ChildProcess;
  private readonly ended: Promise<unknown>;

  constructor(port: number, name: string) {
    this.child = spawn(process.execPath, [fileURLToPath(import.meta.url), String(port), name], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.ended = new Promise((resolve) => this.child.once("close", resolve));
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.text += text;
    });
  }

  /** Waits for one of `connected`, `disconnected`, `serving`. */
  says(word: string): Promise<void> {
    return eventually(() => this.text.includes(`${word}\n`));
  }

  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , port, name = ""] = process.argv;
  stayAlive();
  const parts = { wheel: new DrivenWheel(systemClock), random: systemRandom() };
  const bus: EmbeddedBus = new EmbeddedBus(
    {
      ...parts,
      onEvent: ({ type }) => {
        process.stdout.write(`${type}\n`);
        if (bus.isServing) process.stdout.write("serving\n");
      },
    },
    { port: Number(port), name },
  );
}
