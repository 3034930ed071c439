// What Envoy 1.40 and Starling have and the .proto files of the development dependency lack, in .proto notation.
// Read after them when the set is built: a field or value named again replaces the older one. Fields of extensions that
// Starling does not know at all are not listed; their types are unknown and refused by name.
import { announceTypes } from "./announce-types.ts";
import { filterTypes } from "./filter-types.ts";
import { laterConfig } from "./later-config.ts";
import { laterExtensions } from "./later-extensions.ts";
import { laterFilters } from "./later-filters.ts";
import { laterTypes } from "./later-types.ts";
import { loadTypes } from "./load-types.ts";
import { meshTypes } from "./mesh-types.ts";

/** Files in .proto notation, read as if they were imported last. */
export const laterProtos: readonly string[] = [
  ...laterConfig,
  ...laterTypes,
  ...laterFilters,
  ...laterExtensions,
  ...meshTypes,
  ...announceTypes,
  ...loadTypes,
  ...filterTypes,
];
