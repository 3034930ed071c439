// The settings of a node's mesh from their three sources: a flag or variable wins over the file's extension. Knows where each was given,
// so that what is wrong with it is said there. Called by mesh.ts and mesh-broker.ts.
import { systemText } from "../../base/system-text.ts";
import type { CheckedMessage } from "../load/checked.ts";
import { text, texts } from "../load/fields.ts";
import type { CompileContext } from "./context.ts";

/** One setting: its flag without dashes, and its field of starling.mesh.v1.Mesh. */
export interface SettingName {
  readonly flag: string;
  readonly field: string;
}

/** Reads settings, and says what is wrong with one where it was given. */
export class MeshSettings {
  readonly context: CompileContext;
  private readonly message: CheckedMessage | null;

  /** `message`: the file's extension; null when it has none. */
  constructor(context: CompileContext, message: CheckedMessage | null) {
    this.context = context;
    this.message = message;
  }

  /** Whether the setting was given anywhere. */
  has({ flag, field }: SettingName): boolean {
    return this.isOverridden({ flag, field }) || this.message?.fields[field] !== undefined;
  }

  /** Whether a flag or variable gave it. */
  isOverridden({ flag }: SettingName): boolean {
    return this.context.options.overrides.has(flag);
  }

  /** How people know it: its flag or variable, else its field. */
  wordOf({ flag, field }: SettingName): string {
    return this.context.options.overrides.get(flag)?.source ?? field;
  }

  /** A text; empty when it was not given. */
  text({ flag, field }: SettingName): string {
    const written = this.message === null ? undefined : text(this.message, field);
    return this.context.options.overrides.get(flag)?.text ?? written ?? "";
  }

  /** Texts, on the command line with commas between them; none when it was not given. */
  list({ flag, field }: SettingName): readonly string[] {
    const written = this.message === null ? [] : texts(this.message, field);
    const said = this.context.options.overrides.get(flag);
    return said === undefined ? written : said.text.split(",").map((item) => item.trim());
  }

  /** What the named file holds; null when it was not given, and after an error was said. */
  content(name: SettingName): string | null {
    const path = this.text(name);
    if (path === "") return null;
    const read = this.context.options.readFile(path);
    if (!(read instanceof Error)) return new TextDecoder().decode(read);
    this.error(name, `cannot read '${path}': ${systemText(read)}`);
    return null;
  }

  /** The setting is wrong. */
  error(name: SettingName, says: string): void {
    const said = this.context.options.overrides.get(name.flag);
    if (said !== undefined) this.context.errors.push(outsideFiles(said.source, says));
    else if (this.message !== null) this.context.error(this.message, name.field, says);
    else this.context.errors.push(outsideFiles(`--${name.flag}`, says));
  }

  /** The setting changes nothing. */
  warn(name: SettingName, says: string): void {
    const said = this.context.options.overrides.get(name.flag);
    if (said !== undefined) this.context.warnings.push(outsideFiles(said.source, says));
    if (this.message !== null && this.message.fields[name.field] !== undefined) {
      this.context.warn(this.message, name.field, says);
    }
  }
}

/** A diagnostic of a flag or variable: it has no line. */
function outsideFiles(source: string, message: string) {
  return { file: source, line: 0, column: 0, path: "", message };
}
