// Load added up in place: of several batches of several nodes one report is made. Counts and gauges are added apart, since a count arrives
// once and a gauge stands until its node tells another.
import { addressText } from "../../../config/plan/address.ts";
import type { ClusterLoad, ConnectionCounts, EndpointLoad, LoadCounts, LocalityLoad } from "../../../messages/load.ts";
import { connectionCounts, sumOfConnections } from "../connection-counts.ts";

/** A sum of loads. */
export class LoadSum {
  private readonly clusters = new Map<string, ClusterSum>();

  /** Adds what was counted, and no gauge; a cluster where nothing was counted is there from then on. */
  addCounts(load: ClusterLoad): void {
    const cluster = this.clusterOf(load);
    cluster.droppedTotal += load.droppedTotal;
    for (const { category, count } of load.dropped) {
      cluster.dropped.set(category, (cluster.dropped.get(category) ?? 0) + count);
    }
    this.addLocalities(cluster, load, COUNTED);
  }

  /** Adds what is under way, and no count. */
  addGauges(load: ClusterLoad): void {
    this.addLocalities(this.clusterOf(load), load, UNDER_WAY);
  }

  /** The sum as it is now; localities and endpoints where all is 0 are left out. */
  loads(): ClusterLoad[] {
    return Array.from(this.clusters, ([cluster, { serviceName, localities, droppedTotal, dropped }]) => ({
      cluster,
      serviceName,
      localities: Array.from(localities.values(), localityLoad).filter(isBusyLocality),
      droppedTotal,
      dropped: Array.from(dropped, ([category, count]) => ({ category, count })),
    }));
  }

  private clusterOf({ cluster: name, serviceName }: ClusterLoad): ClusterSum {
    let cluster = this.clusters.get(name);
    if (cluster === undefined) {
      cluster = { serviceName, localities: new Map(), droppedTotal: 0, dropped: new Map() };
      this.clusters.set(name, cluster);
    }
    return cluster;
  }

  private addLocalities(cluster: ClusterSum, load: ClusterLoad, { add, connectionsIn }: Kind): void {
    for (const one of load.localities) {
      const { region, zone, subZone } = one.locality;
      const key = JSON.stringify([region, zone, subZone, one.priority]);
      let locality = cluster.localities.get(key);
      if (locality === undefined) {
        locality = {
          ...NOTHING,
          locality: one.locality,
          priority: one.priority,
          connections: null,
          endpoints: new Map(),
        };
        cluster.localities.set(key, locality);
      }
      add(locality, one);
      if (one.connections !== null) {
        locality.connections = sumOfConnections(locality.connections, connectionsIn(one.connections));
      }
      for (const endpoint of one.endpoints) add(endpointOf(locality, endpoint), endpoint);
    }
  }
}

/** Whether any of its counts is not 0, connections included. */
export function isBusyLocality(load: LoadCounts & Pick<LocalityLoad, "connections">): boolean {
  return load.connections !== null || isBusy(load);
}

function isBusy({ success, error, issued, inProgress }: LoadCounts): boolean {
  return success + error + issued + inProgress > 0;
}

type Counts = { -readonly [Name in keyof LoadCounts]: number };
type EndpointSum = Counts & { readonly address: EndpointLoad["address"] };

interface LocalitySum extends Counts, Pick<LocalityLoad, "locality" | "priority"> {
  connections: ConnectionCounts | null;
  readonly endpoints: Map<string, EndpointSum>;
}

/** Counts or gauges. */
interface Kind {
  readonly add: (sum: Counts, counts: LoadCounts) => void;
  readonly connectionsIn: (connections: ConnectionCounts) => ConnectionCounts | null;
}

interface ClusterSum {
  readonly serviceName: string;
  readonly localities: Map<string, LocalitySum>;
  droppedTotal: number;
  readonly dropped: Map<string, number>;
}

function endpointOf({ endpoints }: LocalitySum, { address }: EndpointLoad): EndpointSum {
  const key = addressText(address);
  let endpoint = endpoints.get(key);
  if (endpoint === undefined) {
    endpoint = { ...NOTHING, address };
    endpoints.set(key, endpoint);
  }
  return endpoint;
}

function localityLoad({ endpoints, ...rest }: LocalitySum): LocalityLoad {
  return { ...rest, endpoints: Array.from(endpoints.values(), (endpoint) => ({ ...endpoint })).filter(isBusy) };
}

const COUNTED: Kind = {
  add: (sum, { success, error, issued }) => {
    sum.success += success;
    sum.error += error;
    sum.issued += issued;
  },
  connectionsIn: ({ opened, failed }) => connectionCounts(opened, failed, 0),
};

const UNDER_WAY: Kind = {
  add: (sum, { inProgress }) => {
    sum.inProgress += inProgress;
  },
  connectionsIn: ({ active }) => connectionCounts(0, 0, active),
};

const NOTHING: LoadCounts = { success: 0, error: 0, issued: 0, inProgress: 0 };
