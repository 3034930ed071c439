// The files of a plan's certificates and authorities that are watched, and the plan with what they hold now. Called by
// supervisor/certificate-watch.ts.
import { systemText } from "../../base/system-text.ts";
import type { FilterChainPlan } from "../plan/listener.ts";
import type { Plan } from "../plan/plan.ts";
import type { CertificatePlan, ValidationPlan } from "../plan/tls.ts";
import { checkedCertificate, type Pem } from "./certificate.ts";
import { deepFreeze } from "./deep-freeze.ts";
import { authoritiesFault } from "./validation.ts";

/** A plan with the files as they are now: what is wrong keeps what it was, and is said. */
export interface RenewedPlan {
  readonly plan: Plan;
  /** The first path of every certificate or authority that is another now. */
  readonly renewed: readonly string[];
  /** One line for each certificate or authority that cannot be used. */
  readonly faults: readonly string[];
}

/** Reads a whole file; an Error says why it cannot. */
export type ReadFile = (path: string) => Uint8Array | Error;

/** Paths that are looked at; none twice. */
export function watchedFiles(plan: Plan): readonly string[] {
  const paths = tlsOf(plan).flatMap(({ certificates, validation }) => [
    ...certificates.flatMap(({ files }) => (files === null ? [] : [files.chain, files.key, files.password])),
    validation?.trustedCaFile ?? "",
  ]);
  return [...new Set(paths)].filter((path) => path !== "");
}

/** The plan with its watched files read again. */
export function renewFiles(plan: Plan, readFile: ReadFile): RenewedPlan {
  const renewal = new Renewal(readFile);
  const chainOf = (chain: FilterChainPlan): FilterChainPlan => ({ ...chain, tls: renewal.tls(chain.tls) });
  const next = {
    ...plan,
    clusters: plan.clusters.map((cluster) => ({ ...cluster, tls: renewal.tls(cluster.tls) })),
    listeners: plan.listeners.map((listener) => ({
      ...listener,
      filterChains: listener.filterChains.map(chainOf),
      defaultFilterChain: listener.defaultFilterChain === null ? null : chainOf(listener.defaultFilterChain),
    })),
  };
  return { plan: deepFreeze(next), renewed: [...renewal.renewed], faults: [...renewal.faults] };
}

interface Tls {
  readonly certificates: readonly CertificatePlan[];
  readonly validation: ValidationPlan | null;
}

function tlsOf(plan: Plan): Tls[] {
  const chains = plan.listeners.flatMap(({ filterChains, defaultFilterChain }) =>
    defaultFilterChain === null ? filterChains : [...filterChains, defaultFilterChain],
  );
  return [...chains, ...plan.clusters].flatMap(({ tls }) => (tls === null ? [] : [tls]));
}

class Renewal {
  readonly renewed: Set<string> = new Set();
  readonly faults: Set<string> = new Set();
  private readonly readFile: ReadFile;

  constructor(readFile: ReadFile) {
    this.readFile = readFile;
  }

  tls<One extends Tls>(tls: One | null): One | null {
    if (tls === null) return null;
    const certificates = tls.certificates.map((certificate) => this.certificate(certificate));
    return { ...tls, certificates, validation: this.validation(tls.validation) };
  }

  private certificate(held: CertificatePlan): CertificatePlan {
    const { files } = held;
    if (files === null) return held;
    const chain = this.read(files.chain, held.chainPem);
    const key = this.read(files.key, held.keyPem);
    const password = this.read(files.password, held.password);
    if (chain === null || key === null || password === null) return held;
    if (chain.pem === held.chainPem && key.pem === held.keyPem && password.pem === held.password) return held;
    const checked = checkedCertificate({ chain, key, password: password.pem, files });
    if ("faults" in checked) {
      for (const { says } of checked.faults) this.faults.add(says);
      return held;
    }
    this.renewed.add(files.chain || files.key);
    return { ...checked, source: held.source };
  }

  private validation(held: ValidationPlan | null): ValidationPlan | null {
    if (held === null || held.trustedCaFile === "") return held;
    const read = this.read(held.trustedCaFile, held.trustedCaPem);
    if (read === null || read.pem === held.trustedCaPem) return held;
    const fault = authoritiesFault(read.pem, read.origin);
    if (fault !== null) {
      this.faults.add(fault);
      return held;
    }
    this.renewed.add(held.trustedCaFile);
    return { ...held, trustedCaPem: read.pem };
  }

  /** What is no file stays as it is held. */
  private read(path: string, held: string): Pem | null {
    if (path === "") return { pem: held, origin: "<inline>" };
    const bytes = this.readFile(path);
    if (!(bytes instanceof Error)) return { pem: new TextDecoder().decode(bytes), origin: path };
    this.faults.add(`Invalid path: ${path} (${systemText(bytes)})`);
    return null;
  }
}
