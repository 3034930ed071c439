// What the connection manager does to a response's head after all filters, in Envoy's order: date, server, hop-by-hop fields,
// x-request-id, via. The same for answers of upstreams and for local ones.
import type { HttpDate } from "../../base/http-date.ts";
import type { HttpConnectionManagerPlan } from "../../config/plan/listener.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H, KNOWN_NAME_COUNT } from "../../protocol/header-names.ts";

/** The rules of one connection manager. */
export class ResponseRules {
  private readonly plan: HttpConnectionManagerPlan;
  private readonly date: HttpDate;
  private readonly serverName: Buffer;

  constructor(plan: HttpConnectionManagerPlan, date: HttpDate) {
    this.plan = plan;
    this.date = date;
    this.serverName = Buffer.from(plan.serverName, "latin1");
  }

  /**
   * Changes the response's head; `request` is the request's as the upstream got it, null when there was none. `grants`: an upgrade that
   * was asked for, whose fields go on.
   */
  apply(head: HeaderList, request: HeaderList | null, grants: boolean): void {
    let seen = 0;
    for (let i = 0, count = head.count; i < count; i++) seen |= CLASS_OF[head.idAt(i)] as number;
    if ((seen & DATE) === 0) {
      const date = this.date.bytes();
      head.addKnown(H.DATE, date, 0, date.length);
    }
    if ((seen & SERVER) === 0) {
      if (this.plan.serverHeader !== "pass_through")
        head.addKnown(H.SERVER, this.serverName, 0, this.serverName.length);
    } else if (this.plan.serverHeader === "overwrite") head.setText(H.SERVER, this.plan.serverName);
    if ((seen & HOP) !== 0) removeHopByHop(head, grants);
    if (request !== null && this.plan.alwaysSetRequestIdInResponse) {
      const id = request.value(H.X_REQUEST_ID);
      if (id !== undefined) head.setText(H.X_REQUEST_ID, id);
    }
    if (this.plan.via !== "") head.addText(H.VIA, this.plan.via);
  }
}

function removeHopByHop(head: HeaderList, grants: boolean): void {
  for (let i = head.count - 1; i >= 0; i--) {
    const id = head.idAt(i);
    if (((CLASS_OF[id] as number) & HOP) === 0) continue;
    if (!grants || (id !== H.UPGRADE && id !== H.CONNECTION)) head.removeAt(i);
  }
}

const DATE = 1;
const SERVER = 2;
const HOP = 4;

const CLASS_OF: Uint8Array = new Uint8Array(KNOWN_NAME_COUNT);
CLASS_OF[H.DATE] = DATE;
CLASS_OF[H.SERVER] = SERVER;
for (const id of [H.CONNECTION, H.KEEP_ALIVE, H.PROXY_CONNECTION, H.TRANSFER_ENCODING, H.UPGRADE]) CLASS_OF[id] = HOP;
