// A node's roles and its place in a mesh, from flags and variables over the bootstrap's starling.mesh.v1.Mesh extension. Called by
// bootstrap.ts.
import { didYouMean } from "../../base/did-you-mean.ts";
import type { CheckedMessage } from "../load/checked.ts";
import { acknowledge, child, children, count, flag } from "../load/fields.ts";
import type { EdsPlan } from "../plan/eds.ts";
import {
  DEFAULT_ROLES,
  isOnThisMachine,
  LOAD_MODES,
  type LoadMode,
  type MeshPlan,
  NODE_ROLES,
  type NodeRole,
} from "../plan/mesh.ts";
import type { NodePlan } from "../plan/plan.ts";
import { compileAnnounce } from "./announce.ts";
import type { CompileContext } from "./context.ts";
import { compileEds } from "./eds.ts";
import { compileBroker, SERVERS } from "./mesh-broker.ts";
import { compileMeshLayer, type MeshLayerPlace } from "./mesh-runtime.ts";
import { MeshSettings, type SettingName } from "./mesh-settings.ts";

/** What they come to. */
export interface CompiledMesh {
  readonly mesh: MeshPlan | null;
  readonly roles: readonly NodeRole[];
  readonly eds: EdsPlan | null;
  /** Where the layer stands that the mesh shares; null: there is none. */
  readonly runtimeLayer: MeshLayerPlace | null;
}

/** Compiles these; `mesh` is null for a node on its own. A node's name in the mesh begins with its id unless one is given. */
export function compileMesh(context: CompileContext, bootstrap: CheckedMessage, node: NodePlan): CompiledMesh {
  const extension = extensionOf(context, bootstrap);
  const settings = new MeshSettings(context, extension);
  const isAlone = settings.list(SERVERS).length === 0;
  const roles = compileRoles(settings);
  const eds = compileEds(settings, roles.includes("eds"));
  const name = compileName(settings);
  const broker = compileBroker(settings);
  const isLocal = broker === null || isOnThisMachine(broker);
  const sharing = compileSharing(extension);
  const load = compileLoadMode(settings);
  const announce = extension === null ? [] : compileAnnounce(context, extension, { node, isLocal });
  context.hasMesh = !isAlone;
  if (!isAlone) {
    const named = compileNode(settings, node.id);
    const runtimeLayer = compileMeshLayer(extension);
    const hasRuntimeLayer = runtimeLayer !== null;
    const mesh = broker === null ? null : { name, ...named, broker, ...sharing, load, announce, hasRuntimeLayer };
    return { mesh, roles, eds, runtimeLayer };
  }
  refuseLonely(settings, roles);
  for (const one of [NAME, NODE, LOAD]) settings.warn(one, NO_MESH);
  for (const field of ["announce", "owners", "flap_damping", "runtime_layer"]) {
    if (extension?.fields[field] !== undefined) context.warn(extension, field, NO_MESH);
  }
  return { mesh: null, roles, eds, runtimeLayer: null };
}

/** The file's Mesh extension; any other one is warned of. */
function extensionOf(context: CompileContext, bootstrap: CheckedMessage): CheckedMessage | null {
  let found: CheckedMessage | null = null;
  for (const extension of children(bootstrap, "bootstrap_extensions")) {
    acknowledge(extension, "name");
    const message = child(extension, "typed_config");
    if (message?.type !== TYPE) {
      const type = message === undefined ? "without a type" : message.type;
      context.warn(extension, "typed_config", `the bootstrap extension ${type} is accepted and not acted on`);
    } else if (found !== null) context.error(extension, "typed_config", `${TYPE} stands here twice: write one`);
    else found = message;
  }
  return found;
}

/** How nodes share the checks: the same in every file, or each does it its own way. */
function compileSharing(extension: CheckedMessage | null): Pick<MeshPlan, "owners" | "flapDamping"> {
  if (extension === null) return { owners: OWNERS, flapDamping: false };
  return { owners: count(extension, "owners") ?? OWNERS, flapDamping: flag(extension, "flap_damping") ?? false };
}

function compileRoles(settings: MeshSettings): readonly NodeRole[] {
  const given = settings.list(ROLES);
  if (given.length === 0) return DEFAULT_ROLES;
  for (const role of given) {
    if (NODE_ROLES.some((known) => known === role)) continue;
    const hint = didYouMean(role, NODE_ROLES) || `; there are ${NODE_ROLES.join(", ")}`;
    settings.error(ROLES, `'${role}' is no role${hint}`);
  }
  return NODE_ROLES.filter((role) => given.includes(role));
}

function compileLoadMode(settings: MeshSettings): LoadMode {
  const given = settings.text(LOAD);
  const [byDefault] = LOAD_MODES;
  const known = LOAD_MODES.find((mode) => mode === given.replaceAll("-", "_"));
  if (given === "" || known !== undefined) return known ?? byDefault;
  const hint = didYouMean(given, LOAD_MODES) || `; there are ${LOAD_MODES.join(", ")}`;
  settings.error(LOAD, `'${given}' is no way to report load${hint}`);
  return byDefault;
}

/** What makes sense only beside others. */
function refuseLonely(settings: MeshSettings, roles: readonly NodeRole[]): void {
  if (!roles.includes("proxy") && !roles.includes("eds")) {
    const says = "without the roles proxy and eds a node serves nobody but a mesh";
    settings.error(ROLES, `${says}: add one of them, or name a mesh (--mesh)`);
  } else if (!roles.includes("health")) {
    const says = "without the role health nobody checks the endpoints, unless a mesh does";
    settings.error(ROLES, `${says}: add health, or name a mesh (--mesh)`);
  }
}

function compileName(settings: MeshSettings): string {
  const name = settings.text(NAME);
  if (name.length > NAME_LENGTH_MAX) {
    settings.error(NAME, `'${name}' is longer than ${NAME_LENGTH_MAX} characters: shorten it`);
  } else if (!/^[A-Za-z0-9_-]*$/.test(name)) {
    settings.error(NAME, `'${name}' is no name of a mesh: it takes letters, digits, - and _`);
  }
  return name === "" ? "default" : name;
}

function compileNode(settings: MeshSettings, nodeId: string): Pick<MeshPlan, "node" | "isNodeNamed"> {
  const node = settings.text(NODE);
  if (node === "") return { node: madeUp(nodeId, settings.context.options.uuid()), isNodeNamed: false };
  if (Buffer.byteLength(node) > NAME_LENGTH_MAX) {
    settings.error(NODE, `'${node}' is longer than ${NAME_LENGTH_MAX} bytes: shorten it`);
  } else if (CONTROL.test(node)) settings.error(NODE, `${JSON.stringify(node)} has a control character`);
  return { node, isNodeNamed: true };
}

/** Several processes of one file have one node.id, so four random characters tell them apart. */
function madeUp(nodeId: string, uuid: string): string {
  const chance = Number.parseInt(uuid.replaceAll(/[^0-9a-f]/g, "").slice(0, 12), 16) % 36 ** TAIL_LENGTH;
  const tail = chance.toString(36).padStart(TAIL_LENGTH, "0");
  const plain = (nodeId === "" ? "starling" : nodeId).replaceAll(new RegExp(CONTROL, "g"), "_");
  const bytes = Buffer.from(plain).subarray(0, NAME_LENGTH_MAX - TAIL_LENGTH - 1);
  // A character that the cut went through is left out.
  return `${bytes.toString().replace(/\uFFFD$/, "")}~${tail}`;
}

const NO_MESH = "is not used: no mesh is named (--mesh)";
const TYPE = "starling.mesh.v1.Mesh";
const NAME_LENGTH_MAX = 64;
const TAIL_LENGTH = 4;
const OWNERS = 2;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\x00-\x1f\x7f]/;
const ROLES: SettingName = { flag: "roles", field: "roles" };
const NAME: SettingName = { flag: "mesh-name", field: "name" };
const LOAD: SettingName = { flag: "mesh-load", field: "load" };
const NODE: SettingName = { flag: "mesh-node", field: "node" };
