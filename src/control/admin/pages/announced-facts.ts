// What /clusters says of an announced endpoint beside Envoy's facts: who announced it, for how long it has been there, and how long it
// stays without another word. Asked by clusters.ts; endpoints of files and names have none of it.
import { SOURCE_METADATA } from "../../../config/plan/announcement.ts";
import type { EndpointFacts } from "../../../config/plan/endpoint-set.ts";
import type { AdminView } from "../view.ts";

/** Name and value of each fact, in order; none for an endpoint that nobody announced. */
export function announcedFacts(view: LeaseView, { metadata }: Pick<EndpointFacts, "metadata">): [string, string][] {
  const said = metadata[SOURCE_METADATA] as { readonly source: string; readonly since_ms: number } | undefined;
  if (said === undefined) return [];
  const ageMs = Math.max(0, view.startedWallMs + view.uptimeMs() - said.since_ms);
  const lease = view.lease(said.source);
  return [
    ["source", said.source],
    ["age", seconds(ageMs)],
    ["lease", typeof lease === "number" ? seconds(lease) : lease],
  ];
}

/** The same as a field of JSON. */
export function announcedJson(view: LeaseView, endpoint: Pick<EndpointFacts, "metadata">): Record<string, unknown> {
  const facts = announcedFacts(view, endpoint);
  return facts.length === 0 ? {} : { mesh: Object.fromEntries(facts) };
}

/** What the facts are made of. */
type LeaseView = Pick<AdminView, "startedWallMs" | "uptimeMs" | "lease">;

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)}s`;
}
