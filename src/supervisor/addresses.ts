// Settles where listeners listen before any thread starts: a taken address is found while one plain line can still say so, and port 0
// becomes one real port for all workers.
import { type AddressPlan, addressText } from "../config/plan/address.ts";
import type { ListenerPlan } from "../config/plan/listener.ts";
import type { Plan } from "../config/plan/plan.ts";

/** What a look at an address found. */
export type AddressProbe =
  | { readonly free: true; readonly port: number }
  | { readonly free: false; readonly text: string };

/** Binds an address alone and lets it go again; `port` is the bound one. */
export type ProbeAddress = (address: AddressPlan) => Promise<AddressProbe>;

/** An address that cannot be listened on. */
export class AddressTakenError extends Error {}

/**
 * The plan with real ports. Throws `AddressTakenError` with one plain line for the first address that is not free; with
 * `takeover` only ports of 0 are looked at, as the process before us still listens on the others.
 */
export async function settleAddresses(plan: Plan, takeover: boolean, probe: ProbeAddress): Promise<Plan> {
  const listeners: ListenerPlan[] = [];
  for (const listener of plan.listeners) listeners.push(await settleListener(listener, takeover, probe));
  return { ...plan, listeners };
}

async function settleListener(plan: ListenerPlan, takeover: boolean, probe: ProbeAddress): Promise<ListenerPlan> {
  if (!plan.bindToPort) return plan;
  const address = await settle(plan, plan.address, takeover, probe);
  const additionalAddresses: AddressPlan[] = [];
  for (const one of plan.additionalAddresses) additionalAddresses.push(await settle(plan, one, takeover, probe));
  return { ...plan, address, additionalAddresses };
}

async function settle(
  listener: ListenerPlan,
  address: AddressPlan,
  takeover: boolean,
  probe: ProbeAddress,
): Promise<AddressPlan> {
  const hasPort = address.kind === "pipe" || address.port !== 0;
  if (takeover && hasPort) return address;
  const found = await probe(address);
  if (!found.free) {
    throw new AddressTakenError(
      `cannot listen on ${addressText(address)} (listener '${listener.name}'): ${found.text}`,
    );
  }
  return address.kind === "socket" && address.port === 0 ? { ...address, port: found.port } : address;
}
