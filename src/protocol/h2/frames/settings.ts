// SETTINGS (RFC 9113 §6.5, RFC 8441 §3): identifiers, ours as bytes, and the check of a peer's.
import type { ByteWriter } from "../../message.ts";
import { TABLE_BYTES_INITIAL } from "../hpack/decoder.ts";
import { FRAME_GREATEST_BYTES, FRAME_INITIAL_BYTES, INT31_MAX, WINDOW_INITIAL_BYTES } from "../limits.ts";
import type { Http2Options } from "../options.ts";
import { Flag, FrameType, putUint32, startFrame, uint32At } from "./frame.ts";

/** Identifiers of settings; others are ignored. */
export const SettingId = {
  HeaderTableSize: 1,
  EnablePush: 2,
  MaxConcurrentStreams: 3,
  InitialWindowSize: 4,
  MaxFrameSize: 5,
  MaxHeaderListSize: 6,
  EnableConnectProtocol: 8,
} as const;

/** Bytes of one setting. */
export const SETTING_BYTES = 6;

/** The settings that both roles announce, those at their default left out. */
export function ownSettings(options: Http2Options): (readonly [number, number])[] {
  const settings: (readonly [number, number])[] = [];
  if (options.hpackTableBytes !== TABLE_BYTES_INITIAL)
    settings.push([SettingId.HeaderTableSize, options.hpackTableBytes]);
  if (options.initialStreamWindowBytes !== WINDOW_INITIAL_BYTES) {
    settings.push([SettingId.InitialWindowSize, options.initialStreamWindowBytes]);
  }
  if (options.frameBytesMax !== FRAME_INITIAL_BYTES) settings.push([SettingId.MaxFrameSize, options.frameBytesMax]);
  settings.push([SettingId.MaxHeaderListSize, options.headersBytesMax]);
  return settings;
}

/** Appends SETTINGS of these [identifier, value] pairs. */
export function writeSettings(out: ByteWriter, settings: readonly (readonly [number, number])[]): void {
  let at = startFrame(out, settings.length * SETTING_BYTES, FrameType.Settings, 0, 0);
  for (const [id, value] of settings) {
    out.bytes[at] = 0;
    out.bytes[at + 1] = id;
    putUint32(out.bytes, at + 2, value);
    at += SETTING_BYTES;
  }
}

/** Appends the acknowledgement of a peer's SETTINGS. */
export function writeSettingsAck(out: ByteWriter): void {
  startFrame(out, 0, FrameType.Settings, Flag.Ack, 0);
}

/** Identifier of the setting at `at`. */
export function settingIdAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/** Value of the setting at `at`. */
export function settingValueAt(bytes: Uint8Array, at: number): number {
  return uint32At(bytes, at + 2);
}

/** Whether a peer may announce this value (RFC 9113 §6.5.2); `pushAllowed` is false for what a server sends. */
export function isSettingValid(id: number, value: number, pushAllowed: boolean): boolean {
  switch (id) {
    case SettingId.EnablePush:
      return value === 0 || (value === 1 && pushAllowed);
    case SettingId.InitialWindowSize:
      return value <= INT31_MAX;
    case SettingId.MaxFrameSize:
      return value >= FRAME_INITIAL_BYTES && value <= FRAME_GREATEST_BYTES;
    case SettingId.EnableConnectProtocol:
      return value <= 1;
    default:
      return true;
  }
}
