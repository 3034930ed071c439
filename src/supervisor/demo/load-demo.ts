// The demo of the load reporting document: a server of load reports whose log is shown, two proxies that report to it, a service behind each.
import { fileURLToPath } from "node:url";
import { appUrl, configUrl, launcherUrl } from "../../base/location.ts";
import { type DemoFacts, type DemoLayout, type DemoProxy, type DemoService, same, serviceArgs } from "./layout.ts";

const SERVER = 18_000;
const PAGES = 18_001;

/** What `starling demo --load` runs. */
export const LOAD_DEMO: DemoLayout = {
  intro: "Starting a server of load reports, and two proxies with a service each, on loopback …",
  services: [reportServer(), service("first", 8281), service("second", 8282)],
  proxies: [proxy(1, "0022a319e1e2"), proxy(2, "2417806c9d9a")],
  brokerPort: null,
  guide,
};

function guide({ port, seconds }: DemoFacts): readonly string[] {
  const script = fileURLToPath(configUrl("load-reporting/send_requests.sh"));
  const pages = `http://127.0.0.1:${port(PAGES)}`;
  return [
    `Two proxies that report load of local_service every 2 s, ready after ${seconds} s. Above: the log of the server that they report to.`,
    "",
    "Try, in another terminal:",
    `  bash ${script} ${port(8181)} ${port(8182)}     # fifty requests; two seconds later the log has their sum by node`,
    `  curl -s '${pages}/stats?filter=rq_success'     # what was reported so far, by cluster, locality and endpoint`,
    `  curl -s ${pages}/stats/prometheus`,
    `  curl -s ${pages}/load     # the same as JSON, and who reports`,
    `  curl -s 'http://127.0.0.1:${port(8381)}/stats?filter=load_report'     # the first proxy's side`,
  ];
}

function reportServer(): DemoService {
  return {
    title: "server of load reports",
    program: launcherUrl,
    port: SERVER,
    isShown: true,
    args: (real, port) => ["lrs-server", "--listen", `127.0.0.1:${real}`, "--admin", `127.0.0.1:${port(PAGES)}`],
  };
}

function service(which: string, port: number): DemoService {
  const args = (real: number): string[] => serviceArgs(real, 1, which);
  return { title: `${which} service`, program: appUrl("service"), port, isShown: false, args };
}

function proxy(number: 1 | 2, node: string): DemoProxy {
  return {
    title: `proxy ${node}`,
    file: `load-reporting/http-service-${number}.yaml`,
    workers: 1,
    adminPort: 8380 + number,
    // A server of load reports that does not listen yet would be an error of theirs.
    waits: true,
    // What it sends before the server has asked is never reported, as in Envoy: the fifty requests would not be fifty.
    readyStat: "load_reporter.clusters_followed",
    flags: () => ["--service-cluster", "http_service", "--service-node", node],
    ports: same(8180 + number, 8280 + number, 8380 + number, SERVER, PAGES),
    edit: (yaml) => yaml,
  };
}
