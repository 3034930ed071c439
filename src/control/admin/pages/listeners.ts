// /listeners: names with their addresses, text and JSON.
import { type AddressPlan, addressText } from "../../../config/plan/address.ts";
import { jsonAnswer, type Page, showing, textAnswer } from "../page.ts";

/** /listeners */
export const listenersPage: Page = showing(
  "/listeners",
  "print listener info",
  ({ view }, query) => {
    const { listeners } = view.plan();
    if (query.get("format") === "json") {
      const statuses = listeners.map((listener) => ({
        name: listener.name,
        local_address: addressJson(listener.address),
        ...(listener.additionalAddresses.length === 0
          ? {}
          : { additional_local_addresses: listener.additionalAddresses.map(addressJson) }),
      }));
      return jsonAnswer(statuses.length === 0 ? {} : { listener_statuses: statuses });
    }
    const lines = listeners.flatMap((listener) =>
      [listener.address, ...listener.additionalAddresses].map(
        (address) => `${listener.name}::${addressText(address)}\n`,
      ),
    );
    return textAnswer(lines.join(""));
  },
  { format: "File format to use; One of (text, json)" },
);

/** An address as core.v3.Address. */
export function addressJson(address: AddressPlan): {
  readonly [key: string]: { readonly [key: string]: string | number };
} {
  return address.kind === "pipe"
    ? { pipe: { path: address.path } }
    : { socket_address: { address: address.host, port_value: address.port } };
}
