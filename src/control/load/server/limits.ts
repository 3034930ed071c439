// What clients may cost a server of load reports, whatever they send.

/** Streams at once; a further one is refused (RESOURCE_EXHAUSTED). A proxy has one. */
export const STREAMS_MAX = 8_192;

/** Streams on one connection; more of them wait at the client. */
export const STREAMS_PER_CONNECTION = 64;

/** Bytes of a message; a larger one ends its stream (RESOURCE_EXHAUSTED). Some 80,000 endpoints; Envoy names its extensions each time: 40 KB. */
export const REQUEST_BYTES_MAX: number = 4 << 20;

/** Clients known by node.id and node.cluster, with those that have gone. The one that left longest ago is forgotten, and told as new later. */
export const NODES_MAX = 10_000;

/** Bytes of a node's id or cluster and of a category; the rest is cut off. */
export const NAME_BYTES_MAX = 512;

/** Names of clusters. Counts of further ones, and of longer names, go to the cluster `(others)`. */
export const CLUSTERS_MAX = 10_000;
export const CLUSTER_NAME_BYTES_MAX = 1_024;

/** Localities and categories of one cluster; counts of further ones are in the cluster's sum alone. */
export const LOCALITIES_MAX = 1_000;
export const CATEGORIES_MAX = 100;

/** Localities of all clusters, likewise. */
export const ALL_LOCALITIES_MAX = 50_000;

/** Endpoints of all clusters; counts of further ones are in the sum of their locality alone. */
export const ENDPOINTS_MAX = 200_000;

/** Authors of numbered reports (`starling.instance`) that are remembered; the one heard longest ago is forgotten. */
export const INSTANCES_MAX = 20_000;

/** Responses of one stream that are not with the kernel; a client that reads no more is ended (RESOURCE_EXHAUSTED). */
export const UNWRITTEN_MAX = 1_000;

/** Characters of a line of the log; the rest is cut off. */
export const LINE_MAX = 65_536;
