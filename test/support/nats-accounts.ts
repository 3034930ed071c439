// An operator, an account and a user as `nsc` makes them, for a nats-server that trusts the operator.
import { nkeys } from "@nats-io/transport-node";

type KeyPair = ReturnType<typeof nkeys.createUser>;

/** What the server and the user need. */
export interface NatsAccount {
  /** Lines of the server's configuration. */
  readonly config: string;
  /** The user's `.creds` file. */
  readonly credentials: string;
}

/** Makes them anew. */
export function makeNatsAccount(): NatsAccount {
  const operator = nkeys.createOperator();
  const account = nkeys.createAccount();
  const user = nkeys.createUser();
  const limits = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const operatorJwt = sign(operator, operator, "operator", {});
  const accountJwt = sign(operator, account, "account", { limits });
  const userJwt = sign(account, user, "user", { subs: -1, data: -1, payload: -1, pub: {}, sub: {} });
  return {
    config: `operator: ${operatorJwt}\nresolver: MEMORY\nresolver_preload: { ${account.getPublicKey()}: ${accountJwt} }\n`,
    credentials: `-----BEGIN NATS USER JWT-----\n${userJwt}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${text(user.getSeed())}\n------END USER NKEY SEED------\n`,
  };
}

/** A user's key: its seed, and the public part for the server. */
export function makeUserKey(): { readonly seed: string; readonly publicKey: string } {
  const user = nkeys.createUser();
  return { seed: text(user.getSeed()), publicKey: user.getPublicKey() };
}

function sign(issuer: KeyPair, subject: KeyPair, type: string, claims: object): string {
  const header = encode({ typ: "JWT", alg: "ed25519-nkey" });
  const body = encode({
    jti: type,
    iat: 1_700_000_000,
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name: type,
    nats: { ...claims, type, version: 2 },
  });
  const signature = issuer.sign(Buffer.from(`${header}.${body}`));
  return `${header}.${body}.${Buffer.from(signature).toString("base64url")}`;
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
