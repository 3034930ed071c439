// Which labels the endpoint of a request must have, in clusters with subsets. Asked by the router once it has chosen a cluster.
import type { ForwardPlan } from "../../config/plan/route.ts";
import { labelsOf, type MetadataMatchPlan, matchOver } from "../../config/plan/subset.ts";
import type { ChosenCluster } from "../routing/cluster-choice.ts";
import type { RouterHost } from "./router-host.ts";

/** As in Envoy: those that filters gave the request (dynamic metadata, envoy.lb) over those of its weighted cluster or route; null: none. */
export function subsetLabels(
  { metadata }: Pick<RouterHost, "metadata">,
  chosen: Pick<ChosenCluster, "metadataMatch"> | null,
  forward: Pick<ForwardPlan, "metadataMatch">,
): MetadataMatchPlan | null {
  const above = chosen?.metadataMatch ?? forward.metadataMatch;
  const own = metadata?.get("envoy.lb");
  return own === undefined ? above : matchOver(above, labelsOf(Object.fromEntries(own)));
}
