// `connector.json`, and the configuration's schema derived into it.

import fs from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";

import { schemaOf } from "../src/config.js";
import { evaluated } from "./bundle.js";

export const CONTRACT = "tributary:connector@0.1.0";
/** The export of a role. */
export const ROLES = { source: "source", api_target: "target" };
/** What a connector must have, by its role's export. */
const PARTS = { source: ["check", "discover", "read"], target: ["check", "prepare", "settle"] };
/** What a target may have, by the contract's export; all of one or none. */
const BESIDE = { lookup: ["inquire", "judge"], conclusion: ["conclude"] };

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

/**
 * Loads the connector and checks what it is: `exported` are the interfaces that its component exports, by the
 * contract's names. Writes the schema of its configuration into `connector.json`; `renewed` tells whether it changed.
 */
export async function derive(folder, manifest) {
  const { default: connector } = await evaluated(folder);
  const wanted = ROLES[manifest.roles[0]];
  if (connector?.role !== wanted) {
    throw new Refused(`the connector's default export must be ${wanted}({ … }): connector.json says so`);
  }
  const exported = exportsOf(connector);
  checkDelivery(manifest.delivery ?? {}, exported);
  const schema = schemaOf(connector.config);
  if (isDeepStrictEqual(manifest.config_schema, schema)) return { exported, renewed: false };
  manifest.config_schema = schema;
  fs.writeFileSync(path.join(folder, "connector.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  return { exported, renewed: true };
}

/** The interfaces of the contract that a connector has. One with half of an interface is refused. */
export function exportsOf(connector) {
  const { role } = connector;
  const lacking = (parts) => parts.filter((part) => typeof connector[part] !== "function");
  const missing = lacking(PARTS[role]);
  if (missing.length > 0) throw new Refused(`${role}({ … }) lacks ${missing.join(" and ")}`);
  const beside = Object.entries(BESIDE).filter(([, parts]) => parts.some((part) => connector[part] !== undefined));
  for (const [, parts] of beside) {
    const there = parts.filter((part) => connector[part] !== undefined).join(" and ");
    if (role !== "target") throw new Refused(`${role}({ … }) has ${there}, which is for targets`);
    const half = lacking(parts);
    if (half.length > 0) throw new Refused(`target({ … }) has ${there} and lacks ${half.join(" and ")}`);
  }
  return ["base", role, ...beside.map(([name]) => name)];
}

/** The platform refuses a target that is to be asked and can't be. */
function checkDelivery({ capability, lookup_after_window: late }, exported) {
  if ((capability !== "lookup" && !late) || exported.includes("lookup")) return;
  const wanted = capability === "lookup" ? 'the delivery capability "lookup"' : '"lookup_after_window"';
  const how = "target({ … }) with inquire and judge";
  throw new Refused(`connector.json: ${wanted} needs a target that can be asked: ${how}`);
}
