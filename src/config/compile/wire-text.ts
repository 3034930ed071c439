// Texts of a configuration as the data plane meets them. Configuration is Unicode; codecs give one character per byte.

/** The text as latin1 of its UTF-8 bytes: what header names, values and paths are compared with. ASCII stays as it is. */
export function wireText(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
