// request_mirror_policies as workers run them.
import type { FractionPlan } from "./match.ts";
import type { HeaderChangesPlan } from "./route.ts";

/** One of request_mirror_policies: a copy of the request for another cluster, whose answer nobody sees. */
export interface MirrorPlan {
  /** Empty: `clusterHeader` names it. */
  readonly cluster: string;
  /** cluster_header, lower case; empty: none. */
  readonly clusterHeader: string;
  /** runtime_fraction; null: every request. */
  readonly fraction: FractionPlan | null;
  /** Whether the host gets `-shadow`: not with disable_shadow_host_suffix_append. */
  readonly hostSuffix: boolean;
  /** host_rewrite_literal; empty: none. */
  readonly host: string;
  /** request_headers_mutations, one change each, in their order. */
  readonly mutations: readonly HeaderChangesPlan[];
}
