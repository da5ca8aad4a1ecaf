// `connector.json`, and the configuration's schema derived into it.

import fs from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";

import { schemaOf } from "../src/config.js";
import { evaluated } from "./bundle.js";

export const CONTRACT = "tributary:connector@0.1.0";
/** The export of a role. */
export const ROLES = { source: "source", api_target: "target" };

/** What an author has to correct. */
export class Refused extends Error {}

/** Reads and checks what the build needs of `connector.json`; the platform checks the rest. */
export function load(folder) {
  const file = path.join(folder, "connector.json");
  let manifest;
  try {
    manifest = JSON.parse(fs.readFileSync(file, "utf8"));
  } catch (error) {
    throw new Refused(`${file} can't be read as JSON: ${error.message}`);
  }
  if (manifest.contract !== CONTRACT) throw new Refused(`${file}: "contract" must be "${CONTRACT}"`);
  const [role, ...more] = manifest.roles ?? [];
  if (!ROLES[role] || more.length > 0) {
    throw new Refused(`${file}: "roles" must be one of ${Object.keys(ROLES).join(", ")}`);
  }
  return manifest;
}

/** Writes the schema of the connector's configuration into `connector.json`; tells whether it changed. */
export async function derive(folder, manifest) {
  const { default: connector } = await evaluated(folder);
  const wanted = ROLES[manifest.roles[0]];
  if (connector?.role !== wanted) {
    throw new Refused(`the connector's default export must be ${wanted}({ … }): connector.json says so`);
  }
  const schema = schemaOf(connector.config);
  if (isDeepStrictEqual(manifest.config_schema, schema)) return false;
  manifest.config_schema = schema;
  fs.writeFileSync(path.join(folder, "connector.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  return true;
}
