// TLS plans from the certificates in certs/, and a listener with them.
import { readFileSync } from "node:fs";
import type { CertificatePlan, DownstreamTlsPlan, UpstreamTlsPlan, ValidationPlan } from "../../src/config/plan/tls.ts";
import type { Listening } from "../../src/net/acceptor.ts";
import type { ChainsPlan } from "../../src/net/chain-choice.ts";
import type { Channel } from "../../src/net/channel.ts";
import { listen } from "../../src/net/listen.ts";
import type { HandshakeFailure } from "../../src/net/listen-events.ts";
import type { NetContext } from "../../src/net/net-context.ts";
import { upstreamTls } from "./cluster-plans.ts";
import { chainPlan, INSPECTION, LOOPBACK, QUIET, Recorder } from "./net-peers.ts";

/** A certificate or key of certs/. */
export function pem(name: string): string {
  return readFileSync(new URL(`certs/${name}.pem`, import.meta.url), "utf8");
}

/** One of certs/ with the names that it is for. */
export function certificate(name: string, names: readonly string[] = []): CertificatePlan {
  return { chainPem: pem(name), keyPem: pem(`${name}.key`), password: "", names, source: "<inline>", files: null };
}

/** Names of the certificates `front` and `front-rsa`. */
export const FRONT_NAMES: readonly string[] = ["front.example", "*.front.example"];

/** Trust in the test CA; parts can be replaced. */
export function validation(parts: Partial<ValidationPlan> = {}): ValidationPlan {
  return {
    trustedCaPem: pem("ca"),
    trustedCaFile: "",
    crlPem: "",
    subjectAltNames: [],
    certificateHashes: [],
    spkiHashes: [],
    acceptUntrusted: false,
    depthMax: Number.POSITIVE_INFINITY,
    ...parts,
  };
}

/** A server with the certificate `front`; parts can be replaced. */
export function serverTls(parts: Partial<DownstreamTlsPlan> = {}): DownstreamTlsPlan {
  return {
    certificates: [certificate("front", FRONT_NAMES)],
    versionMin: "TLSv1.2",
    versionMax: "TLSv1.3",
    ciphers: "",
    curves: "",
    alpn: [],
    requireClientCertificate: false,
    validation: null,
    sessionTickets: true,
    sessionTimeoutS: 7_200,
    ...parts,
  };
}

/** A client that trusts the test CA; parts can be replaced. */
export function clientTls(parts: Partial<UpstreamTlsPlan> = {}): UpstreamTlsPlan {
  return { ...upstreamTls, validation: validation(), ...parts };
}

/** Chains that are all there is. */
export function chains(...filterChains: ChainsPlan["filterChains"]): ChainsPlan {
  return { filterChains, defaultFilterChain: null, inspection: INSPECTION, keepaliveS: 0 };
}

/** A listener and what it said. */
export interface TlsDoor {
  readonly listening: Listening;
  /** Everything in order: `channel:<chain>`, `handshake`, `failed:<reason>`, `no-chain`, `choice-timeout`, `choice-failed`. */
  readonly log: string[];
  readonly failures: HandshakeFailure[];
  readonly channels: { readonly channel: Channel; readonly events: Recorder }[];
  /** Resolves when the log has this entry `times` times (1). */
  said(entry: string, times?: number): Promise<void>;
  /** Resolves when so many channels were made. */
  made(channels: number): Promise<void>;
  /** Stops listening, ends every channel and waits for that. */
  close(): Promise<void>;
}

/** Listens on loopback with these chains, all channels echoing. */
export async function tlsDoor(net: NetContext, plan: ChainsPlan, ticketKeys: Buffer | null = null): Promise<TlsDoor> {
  const log: string[] = [];
  const failures: HandshakeFailure[] = [];
  const channels: { channel: Channel; events: Recorder }[] = [];
  const watch = new Recorder();
  const say = (entry: string): void => {
    log.push(entry);
    watch.onConnect();
  };
  const events = {
    ...QUIET,
    onChain: () => true,
    onNoChain: () => say("no-chain"),
    onChoiceTimeout: () => say("choice-timeout"),
    onChoiceFailed: () => say("choice-failed"),
    onHandshake: () => say("handshake"),
    onHandshakeFailed(failure: HandshakeFailure): void {
      failures.push(failure);
      say(`failed:${failure.reason}`);
    },
  };
  const options = { address: LOOPBACK, backlog: 128, sharing: "exclusive", chains: plan, ticketKeys, events } as const;
  const outcome = await listen(net, options, (channel, chain) => {
    const recorder = new Recorder();
    recorder.onData = (bytes, start, end) => channel.writeThrough(bytes, start, end);
    channel.handler = recorder;
    channels.push({ channel, events: recorder });
    say(`channel:${chain.name}`);
  });
  if (outcome.kind === "fault") throw new Error(outcome.fault.text);
  return {
    listening: outcome.listening,
    log,
    failures,
    channels,
    made: (count) => watch.until(() => channels.length >= count),
    said: (entry, times = 1) => watch.until(() => log.filter((one) => one === entry).length >= times),
    async close(): Promise<void> {
      outcome.listening.close();
      for (const { channel } of channels) channel.abort();
      for (const { events: recorder } of channels) await recorder.until(() => recorder.closes.length > 0);
    },
  };
}

/** A chain `only` with TLS. */
export function tlsChains(parts: Partial<DownstreamTlsPlan> = {}): ChainsPlan {
  return chains(chainPlan({ tls: serverTls(parts) }));
}
