import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { askAdmin, readAnswer } from "../../support/admin-client.ts";
import { GoldenFrontProxy } from "../../support/golden-front-proxy.ts";
import { goldenText } from "../../support/live-proxy.ts";

let proxy: GoldenFrontProxy;

/** The captured head without its date. */
const goldenHead = (name: string): string[] =>
  goldenText(`admin/${name}.headers`)
    .split(/\r?\n/)
    .filter((line) => line !== "")
    .map(withoutDate);

const golden = (name: string): string => goldenText(`admin/${name}.body`);

function withoutDate(line: string): string {
  return line.replace(/^date: \w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/, "date: then");
}

async function ask(line: string, more = {}) {
  const answer = await askAdmin(proxy.adminPort, line, more);
  return { ...answer, head: answer.head.map(withoutDate), body: proxy.asCaptured(answer.body) };
}
describe("explore", () => {
  before(async () => {
    proxy = await GoldenFrontProxy.start();
    await proxy.carryTraffic();
  });
  after(() => proxy.stop());
  it("dumps", async () => {
    const fs = await import("node:fs");
    for (const [name, path] of Object.entries({ready:"/ready",listeners:"/listeners",listeners__format_json:"/listeners?format=json",clusters:"/clusters",clusters_json:"/clusters?format=json",server_info:"/server_info",config_dump:"/config_dump",eds:"/config_dump?include_eds",mask:"/config_dump?mask=bootstrap.node.id",resource:"/config_dump?resource=static_clusters",runtime:"/runtime",certs:"/certs",memory:"/memory",hot_restart_version:"/hot_restart_version",init_dump:"/init_dump",contention:"/contention",help:"/help",nosuch:"/nosuch",stats:"/stats",prom:"/stats/prometheus",used:"/stats?usedonly"})) {
      const a = await ask(`GET ${path}`);
      fs.writeFileSync(`/tmp/rb_${name}.body`, a.body);
      fs.writeFileSync(`/tmp/rb_${name}.head`, a.head.join("\n")+"\n");
    }
    void goldenHead; void golden; void readAnswer; void assert;
  });
});
