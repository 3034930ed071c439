// What a mesh's containers need to trust each other, made at the first start into a volume: an authority, a certificate for each server's
// name, and the nkey that NATS knows the nodes by. The `certs` service of the compose files runs it once; it needs openssl.
import { execFileSync } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { nkeys } from "@nats-io/transport-node";

const HELP = `usage: certs [--folder=/certs] [--mesh=default] NAME[=HOST,HOST] ...
Makes ca.pem, NAME.pem and NAME.key for each name and its hosts, node.nk (the nodes' nkey seed) and users.conf (NATS'
side of it), unless they are there.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    folder: { type: "string", default: "/certs" },
    mesh: { type: "string", default: "default" },
    help: { type: "boolean", default: false },
  },
});

/** Says what is wrong, and ends with code 1, when nothing can be written there. */
function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return true;
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    const user = process.getuid?.() ?? 0;
    process.stderr.write(
      `certs: cannot write to ${folder} as user ${user} (${code}): the volume belongs to another user; remove it, or give it to ${user}\n`,
    );
    process.exitCode = 1;
    return false;
  }
}

function make(folder: string, wanted: readonly string[]): void {
  const certificates = wanted.map((text) => {
    const [name = "", hosts = name] = text.split("=", 2);
    return { name, hosts: hosts.split(",") };
  });
  const missing = certificates.filter(({ name }) => !existsSync(join(folder, `${name}.pem`)));
  if (existsSync(join(folder, "users.conf")) && missing.length === 0) {
    process.stdout.write(`certs: ${folder} has everything already\n`);
    return;
  }
  // All or nothing: what is half made when this is killed is never found under its name. One authority signs all, so all are made anew.
  const draft = mkdtempSync(join(folder, ".draft-"));
  makeAuthority(draft);
  for (const { name, hosts } of certificates) makeCertificate(draft, name, hosts);
  makeUser(draft, values.mesh);
  const made = readdirSync(draft).filter((file) => /\.(pem|key|nk|conf)$/.test(file) && file !== "ca.key");
  // users.conf comes last: it says that the others are there.
  for (const file of made.sort((one) => (one === "users.conf" ? 1 : -1)))
    renameSync(join(draft, file), join(folder, file));
  rmSync(draft, { recursive: true });
  process.stdout.write(`certs: made ${made.sort().join(", ")} in ${folder}\n`);
}

/** Its key is thrown away with the draft: nobody signs another certificate with it. */
function makeAuthority(folder: string): void {
  const subject = ["-subj", "/CN=starling mesh", "-days", DAYS, "-keyout", "ca.key", "-out", "ca.pem"];
  openssl(folder, ["req", "-x509", ...NEW_KEY, ...subject]);
}

function makeCertificate(folder: string, name: string, hosts: readonly string[]): void {
  const names = [...hosts, "localhost"].map((host) => `DNS:${host}`).join();
  writeFileSync(join(folder, "names"), `subjectAltName=${names}\nextendedKeyUsage=serverAuth,clientAuth\n`);
  openssl(folder, ["req", ...NEW_KEY, "-subj", `/CN=${name}`, "-keyout", `${name}.key`, "-out", "request"]);
  const authority = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
  openssl(folder, [
    "x509",
    "-req",
    "-in",
    "request",
    ...authority,
    "-days",
    DAYS,
    "-extfile",
    "names",
    "-out",
    `${name}.pem`,
  ]);
}

/** One nkey for all nodes, which may use the subjects of their mesh and nothing else. */
function makeUser(folder: string, mesh: string): void {
  const user = nkeys.createUser();
  writeFileSync(join(folder, "node.nk"), user.getSeed(), { mode: 0o600 });
  const subjects = `[ "mesh.${mesh}.>", "_INBOX.>" ]`;
  const permissions = `{ publish: ${subjects}, subscribe: ${subjects} }`;
  writeFileSync(
    join(folder, "users.conf"),
    `authorization: { users: [ { nkey: ${user.getPublicKey()}, permissions: ${permissions} } ] }\n`,
  );
}

function openssl(folder: string, args: readonly string[]): void {
  execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
}

const NEW_KEY: readonly string[] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
const DAYS = "3650";

if (values.help) process.stdout.write(HELP);
else if (isWritable(values.folder)) make(values.folder, positionals);
