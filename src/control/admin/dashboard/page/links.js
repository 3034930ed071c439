// Lines from each route to its clusters, as wide as their share, where routes and clusters stand side by side. Drawn over what is there.

/** Draws them anew: places may have changed with every picture. */
export function drawLinks() {
  const columns = document.querySelector(".columns");
  const canvas = columns?.querySelector(".links");
  if (canvas === null || canvas === undefined) return;
  const frame = columns.getBoundingClientRect();
  const clusters = new Map([...columns.querySelectorAll("[data-cluster]")].map((one) => [one.dataset.cluster, one]));
  const left = columns.querySelector(".scrolls")?.getBoundingClientRect().right ?? 0;
  const paths = [...columns.querySelectorAll("[data-to]")].flatMap((target) => {
    const cluster = clusters.get(target.dataset.to)?.getBoundingClientRect();
    if (cluster === undefined || cluster.left <= left) return [];
    const { top, height } = target.getBoundingClientRect();
    const [x, y, toX] = [left - frame.left, top + height / 2 - frame.top, cluster.left - frame.left];
    const toY = cluster.top + HEAD_PX - frame.top;
    const middle = (x + toX) / 2;
    const share = Number(target.dataset.share);
    return [{ d: `M${x} ${y}C${middle} ${y} ${middle} ${toY} ${toX} ${toY}`, width: share === 0 ? 0 : 1 + 3 * share }];
  });
  canvas.replaceChildren(...paths.map(pathOf));
}

function pathOf({ d, width }) {
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", d);
  path.setAttribute("stroke-width", width);
  return path;
}

/** From a cluster's upper edge to the middle of its name. */
const HEAD_PX = 26;
