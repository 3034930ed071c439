// How to reach the NATS servers and who we are there: checked when the node starts, and read again for each connection, so that renewed
// certificates and credentials take effect with the next one.
import { readFileSync } from "node:fs";
import {
  type Authenticator,
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "@nats-io/transport-node";

/** Where and as whom to connect. */
export interface BusConnection {
  /** `nats://host:4222`, or `tls://` for TLS; a user and password, or a token, may stand before the host. The port is 4222 unless said. */
  readonly servers: readonly string[];
  /** Shown by the server beside the connection. */
  readonly name: string;
  /** PEM of whom to trust; null: whom Node trusts. */
  readonly caFile: string | null;
  /** PEM of our certificate; null: none. */
  readonly certFile: string | null;
  readonly keyFile: string | null;
  /** The name that the servers' certificates must have; null: the host's. */
  readonly serverName: string | null;
  /** A file with the seed of a user's nkey. */
  readonly nkeySeedFile: string | null;
  /** A `.creds` file. */
  readonly credentialsFile: string | null;
}

/** One server with all that a connection to it needs. */
export interface ServerAccess {
  /** `host:port`. */
  readonly address: string;
  readonly tls: ServerTls | null;
  readonly authenticator: Authenticator;
}

/** What is given to Node's TLS for one server. */
export interface ServerTls {
  readonly host: string;
  readonly servername?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly handshakeFirst: boolean;
}

/** Access to each server, or what is wrong, each a sentence that names its option or file. */
export type ReadAccess =
  | { readonly ok: true; readonly servers: readonly ServerAccess[] }
  | { readonly ok: false; readonly errors: readonly string[] };

/** Reads the files and checks everything that can be checked without a server. */
export function readAccess(connection: BusConnection): ReadAccess {
  const errors: string[] = [];
  const files = readFiles(connection, errors);
  const identity = identityOf(connection, files, errors);
  const servers = connection.servers.flatMap((text) => serverOf(text, connection, files, identity, errors));
  if (connection.servers.length === 0) errors.push("no NATS server is named");
  if ((connection.certFile === null) !== (connection.keyFile === null)) {
    errors.push("a client certificate needs both its file and its key's file");
  }
  return errors.length === 0 ? { ok: true, servers } : { ok: false, errors };
}

type FileOption = "caFile" | "certFile" | "keyFile" | "nkeySeedFile" | "credentialsFile";

type Files = Readonly<Record<FileOption, string | null>>;

function readFiles(connection: BusConnection, errors: string[]): Files {
  const read = (option: FileOption): string | null => {
    const path = connection[option];
    if (path === null) return null;
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      errors.push(`cannot read the ${FILE_WORDS[option]} '${path}': ${(error as NodeJS.ErrnoException).code}`);
      return null;
    }
  };
  const files = {
    caFile: read("caFile"),
    certFile: read("certFile"),
    keyFile: read("keyFile"),
    nkeySeedFile: read("nkeySeedFile"),
    credentialsFile: read("credentialsFile"),
  };
  for (const option of ["caFile", "certFile", "keyFile"] as const) {
    const text = files[option];
    if (text !== null && !text.includes("-----BEGIN "))
      errors.push(`the ${FILE_WORDS[option]} '${connection[option]}' is not PEM`);
  }
  return files;
}

/** Null: none but what an address may carry. */
function identityOf(connection: BusConnection, files: Files, errors: string[]): Authenticator | null {
  const { nkeySeedFile, credentialsFile } = connection;
  if (nkeySeedFile !== null && credentialsFile !== null) {
    errors.push("an nkey seed and a credentials file exclude each other");
    return null;
  }
  const seed = files.nkeySeedFile?.split("\n").find((line) => line.startsWith("S"));
  if (files.nkeySeedFile !== null && seed === undefined) {
    errors.push(`the ${FILE_WORDS.nkeySeedFile} '${nkeySeedFile}' has no line that begins with S`);
  }
  if (seed !== undefined) {
    const identity = nkeyAuthenticator(Buffer.from(seed.trim()));
    return works(identity, `the ${FILE_WORDS.nkeySeedFile} '${nkeySeedFile}' is not valid`, errors);
  }
  if (files.credentialsFile === null) return null;
  const identity = credsAuthenticator(Buffer.from(files.credentialsFile));
  return works(identity, `the ${FILE_WORDS.credentialsFile} '${credentialsFile}' is not valid`, errors);
}

/** Signs once, as for a server. */
function works(identity: Authenticator, complaint: string, errors: string[]): Authenticator | null {
  try {
    identity("nonce");
    return identity;
  } catch (error) {
    errors.push(`${complaint}: ${(error as Error).message}`);
    return null;
  }
}

function serverOf(
  text: string,
  connection: BusConnection,
  files: Files,
  identity: Authenticator | null,
  errors: string[],
): readonly ServerAccess[] {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !SCHEMES.has(url.protocol) || url.hostname === "" || !/^\/?$/.test(url.pathname)) {
    errors.push(
      `'${withoutSecrets(text)}' is no address of a NATS server, such as nats://192.0.2.1:4222 or tls://nats.example.com`,
    );
    return [];
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const address = `${url.hostname}:${url.port === "" ? DEFAULT_PORT : url.port}`;
  if (identity !== null && url.username !== "") {
    errors.push(`the server '${address}' is given a user or token beside an nkey seed or credentials file`);
  }
  const authenticator = identity ?? authenticatorOf(url);
  return [{ address, tls: url.protocol === "tls:" ? tlsOf(host, connection, files) : null, authenticator }];
}

/** A user without a password is a token. */
function authenticatorOf({ username, password }: URL): Authenticator {
  const user = decoded(username);
  if (user === "") return () => {};
  return password === "" ? tokenAuthenticator(user) : usernamePasswordAuthenticator(user, decoded(password));
}

/** What is not encoded well stands for itself. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function tlsOf(host: string, { serverName }: BusConnection, { caFile, certFile, keyFile }: Files): ServerTls {
  return {
    host,
    ...(serverName === null ? {} : { servername: serverName }),
    ...(caFile === null ? {} : { ca: caFile }),
    ...(certFile === null ? {} : { cert: certFile }),
    ...(keyFile === null ? {} : { key: keyFile }),
    handshakeFirst: false,
  };
}

function withoutSecrets(text: string): string {
  return text.replace(/\/\/[^/]*@/, "//…@");
}

const FILE_WORDS: Readonly<Record<FileOption, string>> = {
  caFile: "CA file",
  certFile: "certificate file",
  keyFile: "key file",
  nkeySeedFile: "nkey seed file",
  credentialsFile: "credentials file",
};

const SCHEMES: ReadonlySet<string> = new Set(["nats:", "tls:"]);

const DEFAULT_PORT = 4_222;
