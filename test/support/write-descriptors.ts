// Part of `npm run build`: writes the descriptor set beside the built program, which then needs no development dependency, and the files
// that the compiler leaves out.
import { copyFileSync, cpSync, writeFileSync } from "node:fs";
import { buildDescriptorSet } from "../../src/config/schema/descriptor-set.ts";

const dist = new URL("../../dist/", import.meta.url);
writeFileSync(new URL("src/descriptors.txt", dist), buildDescriptorSet());
copyFileSync(new URL("../../src/starling.mjs", import.meta.url), new URL("src/starling.mjs", dist));
const page = "src/control/admin/dashboard/page";
cpSync(new URL(`../../${page}`, import.meta.url), new URL(page, dist), { recursive: true });
