// What goes wrong in a simulated world that merges load: drawn from its seed.
import type { LoadWorld } from "./load-world.ts";
import type { SimLoadNode } from "./sim-load-node.ts";

/** Something that begins and is over. */
export interface LoadFault {
  readonly atMs: number;
  readonly forMs: number;
  readonly text: string;
  begin(): void;
  end(): void;
}

/** 6 to 13 faults within so many milliseconds. */
export function drawLoadFaults(
  world: LoadWorld,
  names: readonly string[],
  withinMs: number,
  changes: boolean,
): LoadFault[] {
  const { random } = world;
  const kinds = changes ? [...KINDS, subscription] : KINDS;
  return Array.from({ length: 6 + random.below(8) }, () => {
    const kind = kinds[random.below(kinds.length)] as Kind;
    const atMs = random.below(withinMs);
    const forMs = 100 + random.below(random.below(3) === 0 ? 8_000 : 1_500);
    return { atMs, forMs, ...kind(world, names[random.below(names.length)] as string, names) };
  });
}

type Kind = (world: LoadWorld, name: string, names: readonly string[]) => Pick<LoadFault, "text" | "begin" | "end">;

function leaderOf({ nodes }: LoadWorld): string {
  for (const [name, { state }] of nodes) if (state.leads) return name;
  return "";
}

const weather: Kind = ({ network: { weather }, random }) => {
  const loss = random.below(40) / 100;
  const set = (share: number, duplicates: number, lateMs: number): void => {
    Object.assign(weather, { loss: share, duplicates, disorder: duplicates, lateMs });
  };
  return {
    text: `loss ${loss}, duplicates and disorder`,
    begin: () => set(loss, 0.2, 1 + random.below(3_000)),
    end: () => set(0, 0, 0),
  };
};

const partition: Kind = ({ network: { sides }, random }, _name, names) => ({
  text: "partition",
  begin: () => {
    for (const name of names) sides.set(name, random.below(2));
  },
  end: () => sides.clear(),
});

const broker: Kind = ({ network }) => ({
  text: "broker gone",
  begin: () => {
    network.isBrokerUp = false;
  },
  end: () => {
    network.isBrokerUp = true;
  },
});

const crash: Kind = (world, name) => ({
  text: `${name} is killed`,
  begin: () => world.crash(name),
  end: () => world.start(name),
});

const leaderCrash: Kind = (world) => {
  let name = "";
  return {
    text: "the reporter is killed",
    begin: () => {
      name = leaderOf(world);
      world.crash(name);
    },
    end: () => {
      if (name !== "") world.start(name);
    },
  };
};

const stop: Kind = (world, name) => ({
  text: `${name} ends and starts again`,
  begin: () => world.stop(name),
  end: () => world.start(name),
});

const pause: Kind = (world, name) => {
  const paused: SimLoadNode[] = [];
  return {
    text: `${name} stands still`,
    begin: () => {
      const node = world.nodes.get(name);
      if (node !== undefined) paused.push(node);
      node?.setPaused(true);
    },
    end: () => paused[0]?.setPaused(false),
  };
};

const serverRestart: Kind = ({ server }) => ({
  text: "the server restarts",
  begin: () => {
    server.isUp = false;
    server.restart();
  },
  end: () => {
    server.isUp = true;
  },
});

const streamCut: Kind = ({ network }, name) => ({
  text: `${name} does not reach the server`,
  begin: () => void network.cutFromServer.add(name),
  end: () => void network.cutFromServer.delete(name),
});

const subscription: Kind = (world) => {
  const { server, random } = world;
  const wished = ([["one"], ["one", "two", "three"], "all", ["two", "none"]] as const)[random.below(4)] ?? "all";
  return {
    text: `the server asks for ${String(wished)}`,
    begin: () => {
      server.clusters = wished;
      server.restart();
    },
    end: () => {},
  };
};

const KINDS: readonly Kind[] = [weather, partition, broker, crash, leaderCrash, stop, pause, serverRestart, streamCut];
