// Where a pool connects and with which names: the cluster's plan, the endpoint and, with auto_sni, the request made into what
// net/dial.ts takes. Kept per pool.
import type { AddressPlan } from "../../config/plan/address.ts";
import type { ClusterPlan } from "../../config/plan/cluster.ts";
import type { UpstreamTlsPlan } from "../../config/plan/tls.ts";
import type { Channel, ChannelHandler } from "../../net/channel.ts";
import type { DialOptions } from "../../net/dial.ts";

/** Starts a connection; calls nothing of the handler before it returns. */
export type Dial = (options: DialOptions, handler: ChannelHandler) => Channel;

/** What a pool speaks: `alpn` is decided by the handshake. */
export type PoolProtocol = "http1" | "http2" | "alpn";

/** What a connection is dialled for. `raw`: bytes that only their ends understand; ALPN as configured, else none. */
type DialProtocol = PoolProtocol | "raw";

/** TLS plans of one cluster with the names and protocols of its pools filled in: equal ones are one object, so that net keeps one context for them. */
export class DialTargets {
  private readonly plan: ClusterPlan;
  private readonly tlsPlans = new Map<string, UpstreamTlsPlan>();

  constructor(plan: ClusterPlan) {
    this.plan = plan;
  }

  /** The target of one pool. `hostname`: the endpoint's; `requestName`: the request's host, looked at with auto_sni. */
  target(address: AddressPlan, hostname: string, requestName: string, protocol: DialProtocol): DialOptions {
    const { connectTimeoutMs, bindAddress, keepaliveS, tls } = this.plan;
    const base = { address, connectTimeoutMs, bindAddress, keepaliveS };
    if (tls === null) return { ...base, tls: null, serverName: "" };
    // Envoy's order: what the request says, then the endpoint's hostname, then the configured name.
    let serverName = tls.sni;
    if (tls.autoHostSni && hostname !== "") serverName = hostname;
    if (this.plan.autoSni && requestName !== "") serverName = requestName;
    const verifiedName = this.plan.autoSanValidation ? serverName : "";
    return { ...base, tls: this.tlsPlan(tls, verifiedName, protocol), serverName };
  }

  private tlsPlan(tls: UpstreamTlsPlan, verifiedName: string, protocol: DialProtocol): UpstreamTlsPlan {
    const alpn = tls.alpn.length > 0 ? tls.alpn : ALPN[protocol];
    const key = `${alpn.join()} ${verifiedName}`;
    let made = this.tlsPlans.get(key);
    if (made === undefined) {
      made = { ...tls, alpn, validation: withName(tls.validation, verifiedName) };
      this.tlsPlans.set(key, made);
    }
    return made;
  }
}

/** The host of an authority, in lower case and without its port; empty for an IP address, which is no server name (RFC 6066 §3). */
export function serverNameOf(authority: string): string {
  if (authority.startsWith("[")) return "";
  const colon = authority.lastIndexOf(":");
  const host = colon < 0 ? authority : authority.slice(0, colon);
  return IPV4.test(host) ? "" : host.toLowerCase();
}

function withName(validation: UpstreamTlsPlan["validation"], name: string): UpstreamTlsPlan["validation"] {
  if (validation === null || name === "") return validation;
  return { ...validation, subjectAltNames: [{ type: "dns", text: { kind: "exact", value: name, ignoreCase: false } }] };
}

const ALPN = { http1: ["http/1.1"], http2: ["h2"], alpn: ["h2", "http/1.1"], raw: [] } as const;
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;
