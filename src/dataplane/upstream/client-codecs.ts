// The codecs of upstream connections.
import { createH1Client } from "../../protocol/h1/client-connection.ts";
import { createH2Client } from "../../protocol/h2/client.ts";
import type { ClientCodecs } from "./cluster-home.ts";

/** This program's codecs; tests bring others. */
export const clientCodecs: ClientCodecs = {
  http1: (sink, plan, events) => createH1Client(sink, plan.http.http1, events),
  http2: (sink, plan, events) => createH2Client(sink, plan.http.http2, events),
};
