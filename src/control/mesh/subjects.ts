// Every subject of the mesh: whoever publishes or subscribes makes it here. A name in a subject is a hint to filter by, since names
// become tokens; who is meant says the payload.

/** The subjects of one mesh. */
export interface MeshSubjects {
  readonly allEvents: string;
  readonly allRuntimeEvents: string;
  /** Request, answered by every node's beat. */
  readonly hello: string;
  readonly allBeats: string;
  readonly allObservations: string;
  healthEvent(cluster: string, endpoint: string): string;
  outlierEvent(cluster: string, endpoint: string): string;
  nodeEvent(node: string): string;
  configEvent(node: string): string;
  workerEvent(node: string): string;
  /** Events about the endpoints of one cluster, and of others whose names make the same token. */
  eventsOfCluster(cluster: string): readonly string[];
  beat(node: string): string;
  observe(group: string): string;
  /** Request: one node's own entries. */
  sync(node: string): string;
  /** Requests and notes about load to one node. */
  load(node: string): string;
  /** Requests for a change of the runtime: whoever may publish here may change keys. One node takes each. */
  readonly runtimeSet: string;
  /** Requests for what the runtime is: one node answers. */
  readonly runtimeGet: string;
  /** Between nodes: news of keys, what a node holds in short, what it counted. */
  readonly runtimeRecord: string;
  readonly runtimeDigest: string;
  readonly runtimeFigures: string;
  /** Request: all that one node holds of the runtime. */
  runtimeSync(node: string): string;
  runtimeEvent(key: string): string;
  /** What a node announces for a service. */
  endpoints(service: string, node: string): string;
  /** What anybody announces for a service, and for others whose names make the same token. */
  endpointsOf(service: string): string;
}

/** The subjects of the mesh with this name. */
export function meshSubjects(mesh: string): MeshSubjects {
  const root = `mesh.${token(mesh)}`;
  const events = `${root}.events`;
  return {
    allEvents: `${events}.>`,
    allRuntimeEvents: `${events}.runtime.*`,
    hello: `${root}.hello`,
    allBeats: `${root}.beat.*`,
    allObservations: `${root}.observe.*`,
    healthEvent: (cluster, endpoint) => `${events}.health.${token(cluster)}.${endpointToken(endpoint)}`,
    outlierEvent: (cluster, endpoint) => `${events}.outlier.${token(cluster)}.${endpointToken(endpoint)}`,
    nodeEvent: (node) => `${events}.node.${token(node)}`,
    configEvent: (node) => `${events}.config.${token(node)}`,
    workerEvent: (node) => `${events}.worker.${token(node)}`,
    eventsOfCluster: (cluster) => ["health", "outlier"].map((family) => `${events}.${family}.${token(cluster)}.*`),
    beat: (node) => `${root}.beat.${token(node)}`,
    observe: (group) => `${root}.observe.${token(group)}`,
    sync: (node) => `${root}.sync.${token(node)}`,
    load: (node) => `${root}.load.${token(node)}`,
    runtimeSet: `${root}.runtime.set`,
    runtimeGet: `${root}.runtime.get`,
    runtimeRecord: `${root}.runtime.record`,
    runtimeDigest: `${root}.runtime.digest`,
    runtimeFigures: `${root}.runtime.figures`,
    runtimeSync: (node) => `${root}.runtime.sync.${token(node)}`,
    runtimeEvent: (key) => `${events}.runtime.${token(key)}`,
    endpoints: (service, node) => `${root}.endpoints.${token(service)}.${token(node)}`,
    endpointsOf: (service) => `${root}.endpoints.${token(service)}.*`,
  };
}

/** The beats of every mesh there is: for an operator who mistyped a name. */
export const ALL_MESH_BEATS = "mesh.*.beat.*";

/** The mesh's token in a subject of ours; empty when it is none. */
export function meshTokenOf(subject: string): string {
  const [root, mesh = ""] = subject.split(".");
  return root === "mesh" ? mesh : "";
}

/** A name as a token: every byte outside [A-Za-z0-9-] becomes `_`; the first 64. */
export function token(name: string): string {
  return allBytes(name).slice(0, TOKEN_BYTES_MAX);
}

/** An endpoint's token ends with its port: of a long one the end is kept. */
function endpointToken(endpoint: string): string {
  return allBytes(endpoint).slice(-TOKEN_BYTES_MAX);
}

/** A token is never empty. */
function allBytes(name: string): string {
  return (
    Buffer.from(name, "utf8")
      .toString("latin1")
      .replace(/[^A-Za-z0-9-]/g, "_") || "_"
  );
}

const TOKEN_BYTES_MAX = 64;
