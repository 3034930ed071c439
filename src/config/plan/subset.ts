// Subset balancing: groups of a cluster's endpoints by labels of their metadata (envoy.lb), and what a route asks for. Labels are compared as
// texts that are made once: of a route when it is compiled, of an endpoint when it comes.

/** lb_subset_config, or the subset policy. */
export interface SubsetsPlan {
  /** Where a request goes that no subset is for. */
  readonly fallback: "none" | "any" | "default";
  /** Labels of the subset that `default` means; without one it is every endpoint. */
  readonly defaultLabels: readonly SubsetLabel[];
  readonly selectors: readonly SubsetSelectorPlan[];
  /** An endpoint whose label is a list is in the subsets of all its elements. */
  readonly listAsAny: boolean;
  /** Any endpoint is better than none, when the fallback has none. */
  readonly panicModeAny: boolean;
  /** Whether localities keep their weights inside a subset. */
  readonly isLocalityAware: boolean;
}

/** One of subset_selectors: endpoints with the same values of these labels are a subset. */
export interface SubsetSelectorPlan {
  /** In order of the names. */
  readonly keys: readonly string[];
  /** Only one endpoint of each value is used. */
  readonly isSingleHost: boolean;
  /** What holds for requests with these labels in place of the cluster's fallback; null: nothing else. */
  readonly fallback: "none" | "any" | "default" | "keys" | null;
  /** The labels of the request that `keys` leaves. */
  readonly fallbackKeys: readonly string[];
}

/** One label. */
export interface SubsetLabel {
  readonly key: string;
  /** `labelText` of its value. */
  readonly text: string;
}

/** metadata_match: the labels that the endpoint of a request must have. */
export interface MetadataMatchPlan {
  /** In order of their keys, each key once. */
  readonly labels: readonly SubsetLabel[];
  /** `subsetId` of them. */
  readonly id: string;
  /** `keysId` of their keys. */
  readonly keysId: string;
}

/** What metadata asks for. */
export function metadataMatchOf(labels: readonly SubsetLabel[]): MetadataMatchPlan {
  const sorted = labels.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  return { labels: sorted, id: subsetId(sorted), keysId: keysId(sorted.map(({ key }) => key)) };
}

/** These labels over those that the level above asks for; null: there are none. */
export function matchOver(above: MetadataMatchPlan | null, own: readonly SubsetLabel[]): MetadataMatchPlan | null {
  if (own.length === 0) return above;
  const kept = (above?.labels ?? []).filter(({ key }) => own.every((label) => label.key !== key));
  return metadataMatchOf([...kept, ...own]);
}

/** The labels that the metadata of envoy.lb has; none where it is no object. */
export function labelsOf(metadata: unknown): readonly SubsetLabel[] {
  if (!isObject(metadata)) return [];
  return Object.entries(metadata).map(([key, value]) => ({ key, text: labelText(value) }));
}

/** The ids of the subsets that an endpoint is in by one selector; none when it lacks a label. */
export function subsetIdsOf(metadata: unknown, keys: readonly string[], listAsAny: boolean): readonly string[] {
  if (!isObject(metadata) || keys.length === 0) return [];
  let found: readonly (readonly SubsetLabel[])[] = [[]];
  for (const key of keys) {
    if (!Object.hasOwn(metadata, key)) return [];
    const value = metadata[key];
    const values: readonly unknown[] = listAsAny && Array.isArray(value) ? value : [value];
    found = found.flatMap((labels) => values.map((one) => [...labels, { key, text: labelText(one) }]));
  }
  return [...new Set(found.map(subsetId))];
}

/** Whether an endpoint has all these labels. */
export function hasLabels(metadata: unknown, labels: readonly SubsetLabel[], listAsAny: boolean): boolean {
  const has = (label: SubsetLabel): boolean => {
    const ids = subsetIdsOf(metadata, [label.key], listAsAny);
    return ids.includes(subsetId([label]));
  };
  return labels.every(has);
}

/** Labels in order of their keys as one text: the same for the same labels only. */
export function subsetId(labels: readonly SubsetLabel[]): string {
  return labels.map(({ key, text }) => `${JSON.stringify(key)}:${text}`).join();
}

/** Sorted keys as one text. */
export function keysId(keys: readonly string[]): string {
  return JSON.stringify(keys);
}

/** A value as text: the same for equal values, whatever the order of fields. */
function labelText(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
