// The peer's SETTINGS (RFC 9113 §6.5): checked, applied to the sending side, acknowledged; and its acknowledgement of ours.
import { ErrorCode } from "../fault.ts";
import type { Http2Connection } from "./connection.ts";
import {
  isSettingValid,
  SETTING_BYTES,
  SettingId,
  settingIdAt,
  settingValueAt,
  writeSettingsAck,
} from "./frames/settings.ts";
import { FRAME_SENT_MAX_BYTES } from "./limits.ts";

/** Applies a SETTINGS payload in order and acknowledges it; a wrong one ends the connection. */
export function applySettings(connection: Http2Connection, bytes: Uint8Array, start: number, end: number): void {
  if ((end - start) % SETTING_BYTES !== 0) {
    connection.failWith(ErrorCode.FrameSizeError, "§6.5");
    return;
  }
  if (connection.flood.settingsFloods()) {
    connection.failFlood("inbound_settings_flood");
    return;
  }
  for (let at = start; at < end; at += SETTING_BYTES) {
    const id = settingIdAt(bytes, at);
    const value = settingValueAt(bytes, at);
    if (!isSettingValid(id, value, connection.peerMayAllowPush)) {
      const code = id === SettingId.InitialWindowSize ? ErrorCode.FlowControlError : ErrorCode.ProtocolError;
      connection.failWith(code, "§6.5.2");
      return;
    }
    applySetting(connection, id, value);
    if (connection.stopped) return;
  }
  writeSettingsAck(connection.sink.out);
  connection.pumpDue = true;
  connection.answered();
}

/** The peer applied ours. */
export function acknowledgeSettings(connection: Http2Connection, length: number): void {
  if (length !== 0) {
    connection.failWith(ErrorCode.FrameSizeError, "§6.5");
    return;
  }
  connection.window.settingsAcknowledged();
  connection.blocks.settingsAcknowledged();
}

function applySetting(connection: Http2Connection, id: number, value: number): void {
  const sender = connection.sender;
  switch (id) {
    case SettingId.HeaderTableSize:
      sender.encoder.allow(value);
      return;
    case SettingId.InitialWindowSize:
      changeWindows(connection, value);
      return;
    case SettingId.MaxFrameSize:
      sender.frameBytesMax = Math.min(value, FRAME_SENT_MAX_BYTES);
      return;
    default:
      connection.onPeerSetting(id, value);
  }
}

/** RFC 9113 §6.9.2: the difference goes to every open stream, whose window may become negative. */
function changeWindows(connection: Http2Connection, value: number): void {
  const difference = value - connection.sender.initialWindow;
  connection.sender.initialWindow = value;
  if (difference === 0) return;
  // Widening only marks streams as ready: the Map does not change under the loop.
  for (const stream of connection.streams.list()) {
    if (connection.sender.widenStream(stream, difference)) continue;
    connection.failWith(ErrorCode.FlowControlError, "§6.9.2");
    return;
  }
}
