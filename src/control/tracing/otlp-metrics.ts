// Statistics as OTLP: ExportMetricsServiceRequests (opentelemetry/proto/collector/metrics/v1). There are tens of thousands of them in a large
// node: what does not change of a data point is encoded once and kept by who asks, and numbers are written straight into one buffer.
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { exportRequest, ITEMS, type OtlpOrigin, writeText } from "./otlp-writer.ts";

/** What a metric is. */
export type MetricKind = "gauge" | "counter" | "histogram";

/** The value of a gauge or counter with its attributes, as `encodeAttributes` makes them. */
export interface NumberPoint {
  readonly attributes: Uint8Array;
  readonly value: number;
}

/** The values of a histogram: how many lie up to each bound, and how many above the last one. */
export interface HistogramPoint {
  readonly attributes: Uint8Array;
  readonly bounds: readonly number[];
  /** One more than bounds. */
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number;
}

/** A metric with its data points. */
export type Metric =
  | { readonly kind: "gauge" | "counter"; readonly name: string; readonly points: readonly NumberPoint[] }
  | { readonly kind: "histogram"; readonly name: string; readonly points: readonly HistogramPoint[] };

/** Since when counters and histograms count, and the time of all values: since 1970, in nanoseconds. */
export interface MetricTimes {
  readonly counterStartNs: bigint;
  readonly histogramStartNs: bigint;
  readonly nowNs: bigint;
}

/** Which are told as what came since `…StartNs`; else as what there was ever. */
export interface Temporality {
  readonly countersAsDeltas: boolean;
  readonly histogramsAsDeltas: boolean;
}

/** One request. */
export function metricsRequest(
  origin: OtlpOrigin,
  metrics: readonly Metric[],
  times: MetricTimes,
  temporality: Temporality,
): Uint8Array {
  return exportRequest(origin, (writer) => {
    for (const metric of metrics) {
      writer.tag(ITEMS, WireType.LengthDelimited).fork();
      writer.tag(NAME, WireType.LengthDelimited).string(metric.name);
      writer.tag(FIELDS[metric.kind], WireType.LengthDelimited).fork();
      if (metric.kind === "histogram") writeHistograms(writer, metric.points, times);
      else writer.raw(numberPoints(metric.points, times, metric.kind === "counter"));
      if (metric.kind === "counter") {
        writer.tag(TEMPORALITY, WireType.Varint).int32(temporality.countersAsDeltas ? DELTA : CUMULATIVE);
        writer.tag(IS_MONOTONIC, WireType.Varint).bool(true);
      } else if (metric.kind === "histogram")
        writer.tag(TEMPORALITY, WireType.Varint).int32(temporality.histogramsAsDeltas ? DELTA : CUMULATIVE);
      writer.join().join();
    }
  });
}

/** Attributes of a data point of this kind. */
export function encodeAttributes(kind: MetricKind, tags: readonly (readonly [string, string])[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const [tag, value] of tags) {
    writeText(writer, kind === "histogram" ? HISTOGRAM_ATTRIBUTES : NUMBER_ATTRIBUTES, tag, value);
  }
  return writer.finish();
}

/** `data_points` of a Gauge or Sum: a start only where they count since one, the time, the value, attributes. */
function numberPoints(points: readonly NumberPoint[], times: MetricTimes, hasStart: boolean): Uint8Array {
  const fixed = hasStart ? 27 : 18;
  let length = 0;
  for (const { attributes } of points) length += lengthSize(fixed + attributes.length) + 1 + fixed + attributes.length;
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (const { attributes, value } of points) {
    bytes[at++] = DATA_POINTS_TAG;
    at = writeLength(bytes, fixed + attributes.length, at);
    if (hasStart) {
      bytes[at] = START_TAG;
      at = bytes.writeBigUInt64LE(times.counterStartNs, at + 1);
    }
    bytes[at] = TIME_TAG;
    at = bytes.writeBigUInt64LE(times.nowNs, at + 1);
    bytes[at] = AS_INT_TAG;
    at = writeInteger(bytes, Math.round(value), at + 1);
    bytes.set(attributes, at);
    at += attributes.length;
  }
  return bytes;
}

function writeHistograms(writer: BinaryWriter, points: readonly HistogramPoint[], times: MetricTimes): void {
  for (const { attributes, bounds, count, counts, sum } of points) {
    writer.tag(DATA_POINTS, WireType.LengthDelimited).fork();
    writer.tag(START, WireType.Bit64).fixed64(times.histogramStartNs);
    writer.tag(TIME, WireType.Bit64).fixed64(times.nowNs);
    writer.tag(COUNT, WireType.Bit64).fixed64(count);
    writer.tag(SUM, WireType.Bit64).double(sum);
    const packed = Buffer.allocUnsafe(8 * (counts.length + bounds.length));
    let at = 0;
    for (const one of counts) at = writeInteger(packed, one, at);
    for (const bound of bounds) at = packed.writeDoubleLE(bound, at);
    writer.tag(BUCKET_COUNTS, WireType.LengthDelimited).bytes(packed.subarray(0, 8 * counts.length));
    writer.tag(EXPLICIT_BOUNDS, WireType.LengthDelimited).bytes(packed.subarray(8 * counts.length));
    writer.raw(attributes);
    writer.join();
  }
}

/** Eight bytes; a gauge may be below zero. */
function writeInteger(bytes: Buffer, value: number, at: number): number {
  const high = Math.floor(value / 2 ** 32);
  bytes.writeUInt32LE(value - high * 2 ** 32, at);
  return bytes.writeInt32LE(high, at + 4);
}

/** Bytes of a length as a varint: names and values of a few tags are no longer than that. */
function lengthSize(length: number): number {
  return length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x200000 ? 3 : 4;
}

function writeLength(bytes: Buffer, length: number, at: number): number {
  let rest = length;
  let next = at;
  for (; rest >= 0x80; rest >>>= 7) bytes[next++] = (rest & 0x7f) | 0x80;
  bytes[next++] = rest;
  return next;
}

// Metric.
const NAME = 1;
const FIELDS: Readonly<Record<MetricKind, number>> = { gauge: 5, counter: 7, histogram: 9 };
// Gauge, Sum and Histogram.
const DATA_POINTS = 1;
const TEMPORALITY = 2;
const IS_MONOTONIC = 3;
const DELTA = 1;
const CUMULATIVE = 2;
// NumberDataPoint and HistogramDataPoint; a tag is the number with the wire type behind it.
const START = 2;
const TIME = 3;
const NUMBER_ATTRIBUTES = 7;
const COUNT = 4;
const SUM = 5;
const BUCKET_COUNTS = 6;
const EXPLICIT_BOUNDS = 7;
const HISTOGRAM_ATTRIBUTES = 9;
const DATA_POINTS_TAG = (DATA_POINTS << 3) | WireType.LengthDelimited;
const START_TAG = (START << 3) | WireType.Bit64;
const TIME_TAG = (TIME << 3) | WireType.Bit64;
const AS_INT_TAG = (6 << 3) | WireType.Bit64;
