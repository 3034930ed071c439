// `starling runtime`: changes and shows the runtime layer that the nodes of a mesh share. Reads the command line, asks a node over the bus as a client,
// and prints what becomes of it.
import { randomBytes } from "node:crypto";
import { systemClock } from "../../base/clock.ts";
import { DrivenWheel } from "../../base/driven-wheel.ts";
import { isoTime } from "../../base/iso-time.ts";
import { systemRandom } from "../../base/random.ts";
import { stayAlive } from "../../base/stay-alive.ts";
import type { MeshPlan } from "../../config/plan/mesh.ts";
import type { BusEvent } from "../../control/mesh/bus/bus.ts";
import { NatsBus } from "../../control/mesh/bus/nats-bus.ts";
import { eventLine, printable, readEvent } from "../../control/mesh/events/read-event.ts";
import { SeenIds } from "../../control/mesh/events/seen-ids.ts";
import { RuntimeClient } from "../../control/mesh/runtime/runtime-client.ts";
import type { RuntimeChange } from "../../control/mesh/runtime/runtime-messages.ts";
import { runtimeText } from "../../control/mesh/runtime/runtime-record.ts";
import { meshSubjects } from "../../control/mesh/subjects.ts";
import type { RuntimeRecord } from "../../messages/mesh-runtime.ts";
import { complain } from "./complain.ts";
import { clientConnection, meshOf } from "./mesh-client.ts";
import type { ParsedFlags } from "./parse-flags.ts";
import { type RuntimeCommand, runtimeCommand } from "./runtime-options.ts";

/** Does what the command line asks for; answers with the exit code. */
export async function runtime(
  flags: ParsedFlags,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const command = runtimeCommand(flags);
  if (!("kind" in command)) return complain([...command, "try 'starling runtime --help'"]);
  const mesh = meshOf({ ...flags, rest: [] }, environment);
  if (!("broker" in mesh)) return complain([...mesh, "try 'starling runtime --help'"]);
  return new Asking(mesh, flags, command).code;
}

class Asking {
  readonly code: Promise<number>;
  private readonly mesh: MeshPlan;
  private readonly flags: ParsedFlags;
  private readonly command: RuntimeCommand;
  private readonly wheel: DrivenWheel = new DrivenWheel(systemClock);
  private readonly bus: NatsBus;
  private readonly client: RuntimeClient;
  private readonly letGo = stayAlive();
  private readonly servers: string;
  private hasBegun = false;
  private isFollowing = false;
  private readonly resolve: (code: number) => void;

  constructor(mesh: MeshPlan, flags: ParsedFlags, command: RuntimeCommand) {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.code = promise;
    this.resolve = resolve;
    this.mesh = mesh;
    this.flags = flags;
    this.command = command;
    const connection = clientConnection(mesh, "starling runtime");
    this.servers = connection.servers.join(", ");
    const { wheel } = this;
    this.bus = new NatsBus({ wheel, random: systemRandom(), onEvent: (event) => this.onBusEvent(event) }, connection);
    const self = { node: "starling runtime", instance: randomBytes(16).toString("hex") };
    this.client = new RuntimeClient({ bus: this.bus, wheel, subjects: meshSubjects(mesh.name), mesh: mesh.name, self });
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => this.interrupted());
    process.stdout.once("error", () => this.end(0));
  }

  private onBusEvent(event: BusEvent): void {
    switch (event.type) {
      case "connected":
        if (this.hasBegun) note(`back at ${event.server}`);
        else void this.begin();
        this.hasBegun = true;
        return;
      case "disconnected":
        note(`${this.hasBegun ? "lost the broker" : "no broker answers"} at ${this.servers}: ${event.reason}`);
        if (!this.isFollowing) this.end(1);
        return;
      case "permission-violation":
        note(`the broker does not let this client ${event.operation} ${event.subject}`);
        return;
      case "slow-consumer":
      case "lame-duck":
        return; // what is missed is asked for again
    }
  }

  private begin(): Promise<void> {
    const { command } = this;
    switch (command.kind) {
      case "change":
        return this.change(command.change);
      case "get":
        return this.get(command.key);
      case "list":
        return this.list();
      case "watch":
        return this.watch();
    }
  }

  private async change(change: RuntimeChange): Promise<void> {
    const asked = await this.client.change(change);
    if ("problem" in asked) {
      note(`${change.key}: ${asked.problem}`);
      this.end(1);
      return;
    }
    const { value: record } = asked;
    say(acceptedText(record));
    if (record.phase !== "running" || this.flags.values.has("detach")) {
      this.end(0);
      return;
    }
    this.isFollowing = true;
    this.client.follow(record, (next) => this.tell(record, next));
  }

  private tell(first: RuntimeRecord, next: RuntimeRecord): void {
    const { reason, step, steps } = next;
    const value = runtimeText(next) || "not set";
    if (next.change !== first.change) {
      note(`${next.writer} has set it to ${value} meanwhile, version ${next.version}: this change is over`);
      this.end(3);
    } else if (next.phase === "rolled-back") {
      note(`rolled back to ${value}: ${reason}`);
      this.end(2);
    } else if (next.phase === "done") {
      say(`done: ${value}`);
      this.end(0);
    } else if (reason !== "") say(`waits at ${value}: ${reason}`);
    else say(`step ${step} of ${steps}: ${value}${step === steps ? "; its guards go on for a while" : ""}`);
  }

  private async get(key: string): Promise<void> {
    const records = await this.records();
    if (records === null) return;
    const set = records.filter((record) => runtimeText(record) !== "" && (key === "" || record.key === key));
    for (const record of set) {
      const text = runtimeText(record);
      if (this.flags.values.has("json")) say(JSON.stringify(shown(record)));
      else say(key === "" ? `${record.key}: ${text}` : text);
    }
    if (key !== "" && set.length === 0) note(`the mesh '${this.mesh.name}' does not set ${key}`);
    this.end(key !== "" && set.length === 0 ? 1 : 0);
  }

  private async list(): Promise<void> {
    const records = await this.records();
    if (records === null) return;
    for (const record of records) {
      const { key, writer, version, wallMs, reason, phase, step, steps, value } = record;
      const way = phase === "running" && steps > 0 ? `, step ${step} of ${steps} to ${value}` : "";
      const state = `${phase.replace("-", " ")}${way}${reason === "" ? "" : `: ${reason}`}`;
      const text = `${key}: ${runtimeText(record) || "not set"} (${state}), by ${writer} at ${isoTime(wallMs)}, version ${version}`;
      say(this.flags.values.has("json") ? JSON.stringify(shown(record)) : text);
    }
    this.end(0);
  }

  private watch(): Promise<void> {
    this.isFollowing = true;
    const seen = new SeenIds(systemClock, 60_000);
    const isJson = this.flags.values.has("json");
    this.bus.subscribe(meshSubjects(this.mesh.name).allRuntimeEvents, ({ payload }) => {
      const event = readEvent(payload);
      if (event !== null && seen.isNew(event.id)) say(isJson ? event.json : eventLine(event));
    });
    return Promise.resolve();
  }

  private async records(): Promise<readonly RuntimeRecord[] | null> {
    const asked = await this.client.all();
    if ("value" in asked) return asked.value;
    note(asked.problem);
    this.end(1);
    return null;
  }

  private interrupted(): void {
    const isRamp = this.isFollowing && this.command.kind === "change";
    if (isRamp)
      note("the mesh goes on with it; 'starling runtime stop KEY' stops it where it is, with --abort puts it back");
    this.end(isRamp ? INTERRUPTED : 0);
  }

  private end(code: number): void {
    this.client.stop();
    this.letGo();
    void this.bus.close().then(() => {
      this.wheel.stop();
      this.resolve(code);
    });
  }
}

function acceptedText(record: RuntimeRecord): string {
  const { key, value, before, from, steps, stepMs, guards, version, writer, node } = record;
  const by = `by ${writer}, version ${version}, taken by ${node}`;
  const rules = guards.map(({ cluster, rule }) => `${cluster}: ${rule}`);
  const guarded = rules.length === 0 ? "" : `; guarded by ${rules.join(", ")}`;
  if (steps > 0) return `${key}: ${from} -> ${value} in ${steps} steps, one each ${stepMs / 1_000} s, ${by}${guarded}`;
  return `${key}: ${before || "not set"} -> ${value || "not set"}, ${by}${guarded}`;
}

/** A record as programs read it. */
function shown(record: RuntimeRecord): object {
  const { key, value, before, phase, step, steps, writer, version, wallMs, reason, guards } = record;
  const now = runtimeText(record);
  return {
    key,
    value: now,
    to: value,
    before,
    phase,
    step,
    steps,
    writer,
    version,
    time: isoTime(wallMs),
    reason,
    guards,
  };
}

function say(line: string): void {
  process.stdout.write(`${printable(line)}\n`);
}

function note(line: string): void {
  process.stderr.write(`starling: ${printable(line)}\n`);
}

/** As a shell says it of SIGINT. */
const INTERRUPTED = 130;
