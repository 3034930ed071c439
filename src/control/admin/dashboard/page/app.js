// The dashboard: which node and view the address names, and the page drawn anew with each picture of that node.
import { drawLinks } from "./links.js";
import { homeNode, listen } from "./live.js";
import { html, render } from "./parts.js";
import { Page } from "./views.js";

let stream = null;
let node = null;
let live = null;

/** `#/@node/cluster/name`: the node and the words after it. */
function placeOf(hash) {
  const words = hash
    .replace(/^#\/?/, "")
    .split("/")
    .filter((word) => word !== "");
  const named = words[0]?.startsWith("@") ? words.shift().slice(1) : homeNode;
  return { node: named, view: words[0] ?? "", name: decoded(words.slice(1).join("/")) };
}

function decoded(word) {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}

function draw() {
  render(html`<${Page} live=${live} place=${placeOf(location.hash)} />`, root);
  drawLinks();
}

function go() {
  if (location.hash === "#main") return;
  const place = placeOf(location.hash);
  if (place.node !== node) {
    stream?.close();
    node = place.node;
    live = { isConnected: false, refusal: "", picture: null, history: null };
    stream = listen(node, (next) => {
      live = next;
      draw();
    });
  }
  draw();
}

const root = document.getElementById("app");
root.replaceChildren();
addEventListener("hashchange", go);
addEventListener("resize", drawLinks);
go();
