// Settings that name PEM files: an authority, a certificate and its key. Called by mesh-broker.ts and eds.ts.
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { MeshSettings, SettingName } from "./mesh-settings.ts";

/** The names of three such settings. */
export interface TlsFileNames {
  readonly authority: SettingName;
  readonly certificate: SettingName;
  readonly key: SettingName;
}

/** Says what is wrong with the files, and that certificate and key go together. */
export function checkTlsFiles(settings: MeshSettings, { authority, certificate, key }: TlsFileNames): void {
  for (const [one, other] of [
    [certificate, key],
    [key, certificate],
  ] as const) {
    if (settings.has(one) && !settings.has(other)) settings.error(one, `goes with --${other.flag} (${other.field})`);
  }
  checkPem(settings, authority, "certificate", (pem) => new X509Certificate(pem));
  checkPem(settings, certificate, "certificate", (pem) => new X509Certificate(pem));
  checkPem(settings, key, "private key", createPrivateKey);
}

function checkPem(settings: MeshSettings, name: SettingName, what: string, parse: (pem: string) => unknown): void {
  const pem = settings.content(name);
  if (pem === null) return;
  try {
    parse(pem);
  } catch {
    settings.error(name, `holds no ${what} in PEM form`);
  }
}
