// Settles where listeners listen before any thread starts: a taken address is found while one plain line can still say so, and port 0
// becomes one real port for all workers.
import { parseIp } from "../base/ip-address.ts";
import { machineAddress } from "../base/machine.ts";
import { type AddressPlan, addressText } from "../config/plan/address.ts";
import type { EdsPlan } from "../config/plan/eds.ts";
import type { ListenerPlan } from "../config/plan/listener.ts";
import type { Plan } from "../config/plan/plan.ts";
import type { NetFault } from "../net/channel.ts";
import { StartError } from "./start-error.ts";

/** How addresses are looked at; `net/probe.ts` outside of tests. */
export interface AddressProbes {
  /** Null when the address can be bound by us alone. */
  checkAddressFree(address: AddressPlan): Promise<NetFault | null>;
  findFreePort(host: string): Promise<number | NetFault>;
}

/**
 * The plan with real ports. Throws `StartError` for the first address that is not free; with `takeover` only ports of 0 are
 * looked at, as the process before us still listens on the others.
 */
export async function settleAddresses(plan: Plan, takeover: boolean, probes: AddressProbes): Promise<Plan> {
  const listeners: ListenerPlan[] = [];
  for (const listener of plan.listeners) listeners.push(await settleListener(listener, takeover, probes));
  return { ...plan, listeners, eds: await settleEds(plan.eds, takeover, probes) };
}

async function settleEds(plan: EdsPlan | null, takeover: boolean, probes: AddressProbes): Promise<EdsPlan | null> {
  if (plan === null) return null;
  return { ...plan, listen: await settle("endpoint discovery", plan.listen, takeover, probes) };
}

/** How peers reach an address of ours: an unspecified one is this machine's; empty: not at all. */
export function addressForPeers(address: AddressPlan): string {
  if (address.kind === "pipe") return "";
  const isAny = parseIp(address.host)?.every((byte) => byte === 0) === true;
  return addressText(isAny ? { ...address, host: machineAddress() } : address);
}

async function settleListener(plan: ListenerPlan, takeover: boolean, probes: AddressProbes): Promise<ListenerPlan> {
  if (!plan.bindToPort) return plan;
  const what = `listener '${plan.name}'`;
  const address = await settle(what, plan.address, takeover, probes);
  const additionalAddresses: AddressPlan[] = [];
  for (const one of plan.additionalAddresses) additionalAddresses.push(await settle(what, one, takeover, probes));
  return { ...plan, address, additionalAddresses };
}

async function settle<Address extends AddressPlan>(
  what: string,
  address: Address,
  takeover: boolean,
  probes: AddressProbes,
): Promise<Address> {
  if (address.kind === "socket" && address.port === 0) {
    const port = await probes.findFreePort(address.host);
    if (typeof port === "number") return { ...address, port };
    throw taken(what, port);
  }
  const fault = takeover ? null : await probes.checkAddressFree(address);
  if (fault !== null) throw taken(what, fault);
  return address;
}

function taken(what: string, fault: NetFault): StartError {
  return new StartError(`${what}: ${fault.text}`);
}

/** Where listeners are, for the log: the first of them a line each. */
export function addressLines(listeners: readonly ListenerPlan[]): string[] {
  const bound = listeners.filter(({ bindToPort }) => bindToPort);
  const lines = bound
    .slice(0, TOLD_MAX)
    .map(({ name, address, additionalAddresses, filterChains, defaultFilterChain }) => {
      const chains = [...filterChains, defaultFilterChain].filter((chain) => chain !== null);
      const isSecure = chains.some(({ tls }) => tls !== null);
      const addresses = [address, ...additionalAddresses].map(addressText).join(", ");
      return `listener '${name}' on ${addresses}${isSecure ? ", TLS" : ""}`;
    });
  return bound.length > TOLD_MAX ? [...lines, `and ${bound.length - TOLD_MAX} more: see /listeners`] : lines;
}

const TOLD_MAX = 10;
