// What is said of the runtime, on the wire: protobuf starling.mesh.v1 as tables like the other messages. What breaks a rule in any way is no
// message at all.
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { ClusterFigures, GuardPlan, RuntimeRecord } from "../../../messages/mesh-runtime.ts";
import { HISTOGRAM_BUCKETS } from "../../../telemetry/histogram.ts";
import { readGuard } from "../runtime/guard.ts";
import {
  RUNTIME_ACTIONS,
  type RuntimeChange,
  type RuntimeMessage,
  type RuntimeWord,
} from "../runtime/runtime-messages.ts";
import {
  GUARDS_MAX,
  RAMP_MS_MAX,
  RUNTIME_KEY_BYTES_MAX,
  RUNTIME_PHASES,
  RUNTIME_REASON_BYTES_MAX,
  RUNTIME_RECORDS_MAX,
  RUNTIME_VALUE_BYTES_MAX,
  RUNTIME_VERSION_MAX,
  STEPS_MAX,
  WINDOW_MS_MAX,
  WINDOW_MS_MIN,
  WRITER_BYTES_MAX,
} from "../runtime/runtime-record.ts";
import { choice, count, type FieldType, flag, hex64, hex128, list, nested, shownText } from "./fields.ts";
import { COUNT_MAX, MESSAGE_BYTES_MAX, NODE_BYTES_MAX } from "./messages.ts";
import { fieldsShape, kindsShape, type Shape } from "./shape.ts";
import { WIRE_VERSION } from "./shapes.ts";

/** The bytes of a message; what is over a limit is a bug of ours. */
export function encodeRuntime({ node, instance, ...body }: RuntimeMessage): Uint8Array {
  const writer = new BinaryWriter();
  ENVELOPE.write(writer, { version: WIRE_VERSION, node, instance, body });
  const bytes = writer.finish();
  if (bytes.length > MESSAGE_BYTES_MAX) throw new Error(`beyond its limits: ${body.type} of ${bytes.length} bytes`);
  return bytes;
}

/** The message that these bytes are, or null. Never throws. */
export function decodeRuntime(payload: Uint8Array): RuntimeMessage | null {
  if (payload.length > MESSAGE_BYTES_MAX) return null;
  try {
    const reader = new BinaryReader(payload, (bytes) => UTF8.decode(bytes));
    const { node, instance, body } = ENVELOPE.read(reader, payload.length);
    return { ...(body as RuntimeWord), node, instance };
  } catch {
    return null; // a WireFault, or what the library throws
  }
}

/** What is wrong with a change before anybody is asked; empty: nothing. */
export function wrongInChange(change: RuntimeChange): string {
  if (!KEY.isValid(change.key))
    return `a key has 1 to ${RUNTIME_KEY_BYTES_MAX} bytes, none of them blank or a control character`;
  if (!VALUE.isValid(change.value))
    return `a value has up to ${RUNTIME_VALUE_BYTES_MAX} bytes without control characters`;
  if (change.action === "set" && change.value === "") return "the value is missing";
  if (!WRITER.isValid(change.writer))
    return `a writer's name has 1 to ${WRITER_BYTES_MAX} bytes without control characters`;
  return "";
}

/** Records in the order given, as many as one message takes; at least one. */
export function fitting(records: readonly RuntimeRecord[]): readonly RuntimeRecord[] {
  let bytes = 0;
  const taken: RuntimeRecord[] = [];
  for (const record of records.slice(0, PAGE_RECORDS_MAX)) {
    const writer = new BinaryWriter();
    RECORD.write(writer, record);
    bytes += writer.finish().length + RECORD_OVERHEAD_BYTES;
    if (bytes > PAGE_BYTES_MAX && taken.length > 0) break;
    taken.push(record);
  }
  return taken;
}

interface Envelope {
  readonly version: number;
  readonly node: string;
  readonly instance: string;
  readonly body: RuntimeWord | null;
}

/** Bucket and count in turn. */
const LATENCIES: FieldType<ClusterFigures["latencies"]> = {
  wire: WireType.LengthDelimited,
  absent: () => [],
  isAbsent: (pairs) => pairs.length === 0,
  isValid: (pairs) =>
    pairs.length <= HISTOGRAM_BUCKETS &&
    new Set(pairs.map(([bucket]) => bucket)).size === pairs.length &&
    pairs.every(([bucket, hits]) => bucket < HISTOGRAM_BUCKETS && hits > 0),
  write: (writer, number, pairs) => {
    writer.tag(number, WireType.LengthDelimited).fork();
    for (const [bucket, hits] of pairs) writer.uint32(bucket).uint32(hits);
    writer.join();
  },
  read: (reader) => {
    const bytes = new BinaryReader(reader.bytes());
    const pairs: [number, number][] = [];
    while (bytes.pos < bytes.len && pairs.length <= HISTOGRAM_BUCKETS) pairs.push([bytes.uint32(), bytes.uint32()]);
    return pairs;
  },
};

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const CLUSTER_BYTES_MAX = 255;
const RULE_BYTES_MAX = 64;
const PAGE_RECORDS_MAX = 256;
const PAGE_BYTES_MAX = 48_000;
/** Its tag and length. */
const RECORD_OVERHEAD_BYTES = 4;

const plainKey: FieldType<string> = shownText(RUNTIME_KEY_BYTES_MAX, 1);
const KEY: FieldType<string> = { ...plainKey, isValid: (value) => plainKey.isValid(value) && !/\s/.test(value) };
const VALUE: FieldType<string> = shownText(RUNTIME_VALUE_BYTES_MAX);
const WRITER: FieldType<string> = shownText(WRITER_BYTES_MAX, 1);
const REASON: FieldType<string> = shownText(RUNTIME_REASON_BYTES_MAX);
const plainRule: FieldType<string> = shownText(RULE_BYTES_MAX, 1);
const RULE: FieldType<string> = {
  ...plainRule,
  isValid: (rule) => plainRule.isValid(rule) && readGuard(rule) !== null,
};
const GUARD: Shape<GuardPlan> = fieldsShape("guard", {
  cluster: [1, shownText(CLUSTER_BYTES_MAX)],
  rule: [2, RULE],
});

const RECORD: Shape<RuntimeRecord> = fieldsShape(
  "record",
  {
    key: [1, KEY],
    version: [2, count(RUNTIME_VERSION_MAX, 1)],
    change: [3, hex128],
    writer: [4, WRITER],
    node: [5, shownText(NODE_BYTES_MAX, 1)],
    wallMs: [6, count(COUNT_MAX)],
    value: [7, VALUE],
    before: [8, VALUE],
    from: [9, count(COUNT_MAX)],
    steps: [10, count(STEPS_MAX)],
    stepMs: [11, count(RAMP_MS_MAX)],
    guards: [12, list(GUARD, GUARDS_MAX)],
    windowMs: [13, count(WINDOW_MS_MAX, WINDOW_MS_MIN)],
    requestsMin: [14, count(COUNT_MAX, 1)],
    phase: [15, choice(RUNTIME_PHASES)],
    step: [16, count(STEPS_MAX)],
    turn: [17, count(COUNT_MAX)],
    driver: [18, shownText(NODE_BYTES_MAX, 1)],
    reason: [19, REASON],
  },
  // Only between numbers there is a way.
  ({ step, steps, stepMs, value }) => step === steps || (step < steps && stepMs > 0 && /^\d{1,15}$/.test(value)),
);

const RECORDS = { records: [1, list(RECORD, PAGE_RECORDS_MAX)] } as const;

const ENVELOPE: Shape<Envelope> = fieldsShape("runtime", {
  version: [1, count(WIRE_VERSION, WIRE_VERSION)],
  node: [2, shownText(NODE_BYTES_MAX, 1)],
  instance: [3, hex128],
  body: [
    5,
    nested(
      kindsShape<RuntimeWord>("body", {
        records: [1, fieldsShape("records", RECORDS)],
        digest: [
          2,
          fieldsShape("digest", { count: [1, count(RUNTIME_RECORDS_MAX)], digest: [2, hex64], asks: [3, flag] }),
        ],
        pull: [3, fieldsShape("pull", { after: [1, shownText(RUNTIME_KEY_BYTES_MAX)] })],
        page: [4, fieldsShape("page", { ...RECORDS, isLast: [2, flag] })],
        change: [
          5,
          fieldsShape<RuntimeChange>("change", {
            action: [1, choice(RUNTIME_ACTIONS)],
            key: [2, KEY],
            value: [3, VALUE],
            writer: [4, WRITER],
            rampMs: [5, count(RAMP_MS_MAX)],
            steps: [6, count(STEPS_MAX)],
            from: [7, VALUE],
            guards: [8, list(GUARD, GUARDS_MAX)],
            windowMs: [9, count(WINDOW_MS_MAX, WINDOW_MS_MIN)],
            requestsMin: [10, count(COUNT_MAX, 1)],
            anyKey: [11, flag],
            change: [12, hex128],
          }),
        ],
        outcome: [6, fieldsShape("outcome", { reason: [1, REASON], records: [2, list(RECORD, 1)] })],
        figures: [
          7,
          fieldsShape("figures", {
            cluster: [1, shownText(CLUSTER_BYTES_MAX, 1)],
            sequence: [2, count(COUNT_MAX, 1)],
            requests: [3, count(COUNT_MAX)],
            errors: [4, count(COUNT_MAX)],
            latencies: [5, LATENCIES],
          }),
        ],
      }),
    ),
  ],
});
