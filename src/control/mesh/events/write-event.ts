// Events as CloudEvents 1.0 in structured JSON, with their subjects. Called by whoever publishes them; sizes are bounded here, so that
// every event fits into one message of the bus.
import { createHash } from "node:crypto";
import { isoTime } from "../../../base/iso-time.ts";
import { meshSubjects } from "../subjects.ts";
import type { MeshEvent } from "./mesh-event.ts";

/** Who tells it. */
export interface EventSource {
  readonly mesh: string;
  readonly node: string;
}

/** An event ready for the bus. */
export interface WrittenEvent {
  readonly subject: string;
  readonly payload: Uint8Array;
  /** Of the NATS binding of CloudEvents. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** The event in words. `wallMs`: when it happened; for people only. */
export function writeEvent(event: MeshEvent, source: EventSource, wallMs: number): WrittenEvent {
  const { type, subject, about, data } = wordsOf(event, source);
  const from = `/starling/${uriPart(source.mesh)}/${uriPart(source.node)}`;
  const id = cut(event.id, NAME_MAX);
  const json = JSON.stringify({
    specversion: "1.0",
    id,
    source: from,
    type: `dev.starling.${type}.v1`,
    subject: about,
    time: isoTime(wallMs),
    traceparent: traceparentOf(id, from),
    datacontenttype: "application/json",
    data,
  });
  return { subject, payload: Buffer.from(json, "utf8"), headers: HEADERS };
}

interface Words {
  /** Between `dev.starling.` and the version. */
  readonly type: string;
  readonly subject: string;
  readonly about: string;
  readonly data: Readonly<Record<string, unknown>>;
}

function wordsOf(event: MeshEvent, { mesh, node }: EventSource): Words {
  const subjects = meshSubjects(mesh);
  const publisher = cut(node, NAME_MAX);
  switch (event.type) {
    case "health-changed": {
      const { from, to, scope } = event;
      const [cluster, endpoint] = [cut(event.cluster, NAME_MAX), cut(event.endpoint, NAME_MAX)];
      const reason = cut(event.reason, TEXT_MAX);
      const observers = list(event.observers, NAME_MAX);
      return {
        type: "endpoint.health.changed",
        subject: subjects.healthEvent(event.cluster, event.endpoint),
        about: `${cluster}/${endpoint}`,
        data: { cluster, endpoint, from: from ?? "unknown", to, reason, scope, observers },
      };
    }
    case "outlier-changed": {
      const [cluster, endpoint] = [cut(event.cluster, NAME_MAX), cut(event.endpoint, NAME_MAX)];
      const { ejections } = event;
      return {
        type: `outlier.${event.change}`,
        subject: subjects.outlierEvent(event.cluster, event.endpoint),
        about: `${cluster}/${endpoint}`,
        data: { cluster, endpoint, node: publisher, reason: cut(event.reason, TEXT_MAX), ejections, scope: "node" },
      };
    }
    case "node-changed": {
      const about = cut(event.node, NAME_MAX);
      return {
        type: `node.${event.change}`,
        subject: subjects.nodeEvent(event.node),
        about,
        data: { node: about },
      };
    }
    case "reporter-changed":
      return {
        type: "load.reporter.changed",
        subject: subjects.nodeEvent(node),
        about: publisher,
        data: { node: publisher, before: cut(event.before, NAME_MAX) },
      };
    case "runtime-changed": {
      const [key, writer] = [cut(event.key, NAME_MAX), cut(event.writer, NAME_MAX)];
      const [value, to, before] = [event.value, event.to, event.before].map((text) => cut(text, TEXT_MAX));
      const { step, steps, version } = event;
      const reason = cut(event.reason, TEXT_MAX);
      return {
        type: `runtime.${event.what}`,
        subject: subjects.runtimeEvent(event.key),
        about: key,
        data: { key, value, to, before, step, steps, writer, version, node: publisher, reason },
      };
    }
    case "worker-changed": {
      const about = cut(event.worker, NAME_MAX);
      return {
        type: `worker.${event.change}`,
        subject: subjects.workerEvent(node),
        about,
        data: { node: publisher, worker: about, reason: cut(event.reason, TEXT_MAX) },
      };
    }
    case "config-changed":
      return {
        type: `config.${event.change}`,
        subject: subjects.configEvent(node),
        about: publisher,
        data: { node: publisher, version: cut(event.version, NAME_MAX), errors: list(event.errors, ERROR_MAX) },
      };
  }
}

/** Copies of one event from two nodes are two spans of one trace. The flag says that nobody recorded them. */
function traceparentOf(id: string, source: string): string {
  const trace = createHash("sha256").update(id).digest("hex").slice(0, 32);
  const span = createHash("sha256").update(id).update("\n").update(source).digest("hex").slice(0, 16);
  return `00-${trace}-${span}-00`;
}

function list(texts: readonly string[], textMax: number): string[] {
  return texts.slice(0, LIST_MAX).map((text) => cut(text, textMax));
}

/** At most so many UTF-16 units, well formed. */
function cut(text: string, unitsMax: number): string {
  return (text.length <= unitsMax ? text : `${text.slice(0, unitsMax - 1)}…`).toWellFormed();
}

function uriPart(name: string): string {
  return encodeURIComponent(cut(name, NAME_MAX));
}

// A unit takes 6 bytes in JSON at most, in a URI 9: 16 errors of 512 make 48 KiB, and everything else under 15.
const NAME_MAX = 256;
const ERROR_MAX = 512;
const TEXT_MAX = 1_024;
const LIST_MAX = 16;

const HEADERS = [["content-type", "application/cloudevents+json; charset=utf-8"]] as const;
