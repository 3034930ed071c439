// Real loopback sockets for tests: a listener and its clients on one context whose time stands still, and handlers that remember.
import type { AddressInfo, Server } from "node:net";
import { MATCH_ALL } from "../../src/config/compile/filter-chain-match.ts";
import type { AddressPlan } from "../../src/config/plan/address.ts";
import type { FilterChainPlan, InspectionPlan } from "../../src/config/plan/listener.ts";
import type { Listening } from "../../src/net/acceptor.ts";
import type { Channel, ChannelHandler, NetFault } from "../../src/net/channel.ts";
import { type DialOptions, dial } from "../../src/net/dial.ts";
import { listen } from "../../src/net/listen.ts";
import type { Admission, ListenEvents } from "../../src/net/listen-events.ts";
import { createNetContext, type NetContext } from "../../src/net/net-context.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** Remembers what a channel told it; `until` waits for a condition over that. */
export class Recorder implements ChannelHandler {
  readonly chunks: Buffer[] = [];
  bytes: number = 0;
  connects: number = 0;
  ends: number = 0;
  drains: number = 0;
  /** One entry a call of onClose. */
  readonly closes: (NetFault | null)[] = [];
  private readonly waits: { readonly met: () => boolean; readonly resolve: () => void }[] = [];

  get text(): string {
    return Buffer.concat(this.chunks).toString("latin1");
  }

  onConnect(): void {
    this.connects++;
    this.changed();
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.chunks.push(Buffer.from(bytes.subarray(start, end)));
    this.bytes += end - start;
    this.changed();
  }

  onEnd(): void {
    this.ends++;
    this.changed();
  }

  onDrain(): void {
    this.drains++;
    this.changed();
  }

  onClose(fault: NetFault | null): void {
    this.closes.push(fault);
    this.changed();
  }

  /** Resolves as soon as `met` holds; it is asked after every event. */
  until(met: () => boolean): Promise<void> {
    if (met()) return Promise.resolve();
    return new Promise((resolve) => this.waits.push({ met, resolve }));
  }

  private changed(): void {
    for (const wait of this.waits.filter(({ met }) => met())) {
      this.waits.splice(this.waits.indexOf(wait), 1);
      wait.resolve();
    }
  }
}

/** A context whose time only the test moves. `bugs` collects what handlers threw. */
export function standingNet(): { net: NetContext; clock: VirtualClock; bugs: unknown[] } {
  const clock = new VirtualClock();
  const bugs: unknown[] = [];
  const net = createNetContext({ clock, wheel: clock.wheel, onBug: (error) => bugs.push(error) });
  return { net, clock, bugs };
}

/** Any free port of 127.0.0.1. */
export const LOOPBACK: AddressPlan = { kind: "socket", host: "127.0.0.1", port: 0, ipv4Compat: false };

/** Where a plain Node server listens. */
export function loopback(bound: ReturnType<Server["address"]>): AddressPlan {
  return { kind: "socket", host: "127.0.0.1", port: (bound as AddressInfo).port, ipv4Compat: false };
}

/** A chain that matches everything; parts can be replaced. The channel's filter is not looked at by the net room. */
export function chainPlan(parts: Partial<FilterChainPlan> = {}): FilterChainPlan {
  const filter = { kind: "http" } as FilterChainPlan["filter"];
  return {
    name: "only",
    match: MATCH_ALL,
    tls: null,
    handshakeTimeoutMs: 10_000,
    rates: [],
    filter,
    metadata: null,
    ...parts,
  };
}

/** First bytes are waited for only where something depends on them. */
export const INSPECTION: InspectionPlan = { always: false, timeoutMs: 10_000, continues: false };

/** Nobody asks when it ends. */
export const ADMITTED: Admission = { end: () => {} };

/** Counts nothing and admits everybody. */
export const QUIET: ListenEvents = {
  onAccept: () => ADMITTED,
  onChain(): boolean {
    return true;
  },
  onNoChain(): void {},
  onChoiceTimeout(): void {},
  onChoiceFailed(): void {},
  onAcceptError(): void {},
  onHandshake(): void {},
  onHandshakeFailed(): void {},
};

/** Dials in cleartext. */
const PLAIN = { tls: null, serverName: "", connectTimeoutMs: 5_000, bindAddress: "", keepaliveS: 0 };

/** Listens or throws what the fault says; `accepted` gets each channel with a recorder as its handler. */
export async function listening(
  net: NetContext,
  accepted: (channel: Channel, events: Recorder) => void,
  address: AddressPlan = LOOPBACK,
): Promise<Listening> {
  const outcome = await listen(
    net,
    {
      address,
      backlog: 128,
      sharing: "exclusive",
      chains: { filterChains: [chainPlan()], defaultFilterChain: null, inspection: INSPECTION, keepaliveS: 0 },
      ticketKeys: null,
      events: QUIET,
    },
    (channel) => {
      const events = new Recorder();
      channel.handler = events;
      accepted(channel, events);
    },
  );
  if (outcome.kind === "fault") throw new Error(outcome.fault.text);
  return outcome.listening;
}

/** Dials with a recorder as its handler. */
export function dialled(
  net: NetContext,
  address: AddressPlan,
  options: Partial<DialOptions> = {},
): { channel: Channel; events: Recorder } {
  const events = new Recorder();
  const channel = dial(net, { ...PLAIN, address, ...options }, events);
  return { channel, events };
}

/** Both ends of one connection, and a way to end everything. */
export interface Pair {
  readonly client: Channel;
  readonly clientEvents: Recorder;
  readonly server: Channel;
  readonly serverEvents: Recorder;
  /** Aborts both ends, stops listening, and waits until they are gone. */
  end(): Promise<void>;
}

/** A connection over `address`. */
export async function connectedPair(net: NetContext, address: AddressPlan = LOOPBACK): Promise<Pair> {
  const { promise, resolve } = Promise.withResolvers<{ channel: Channel; events: Recorder }>();
  const door = await listening(net, (channel, events) => resolve({ channel, events }), address);
  const { channel: client, events: clientEvents } = dialled(net, door.address);
  const { channel: server, events: serverEvents } = await promise;
  await clientEvents.until(() => clientEvents.connects === 1);
  const end = async (): Promise<void> => {
    client.abort();
    server.abort();
    door.close();
    await clientEvents.until(() => clientEvents.closes.length > 0);
    await serverEvents.until(() => serverEvents.closes.length > 0);
  };
  return { client, clientEvents, server, serverEvents, end };
}

/** Appends text to what the channel sends at the end of the turn. */
export function say(channel: Channel, text: string): void {
  append(channel, Buffer.from(text, "latin1"));
}

/** Appends bytes to what the channel sends at the end of the turn. */
export function append(channel: Channel, bytes: Uint8Array): void {
  channel.out.reserve(bytes.length);
  channel.out.bytes.set(bytes, channel.out.end);
  channel.out.end += bytes.length;
  channel.scheduleFlush();
}
