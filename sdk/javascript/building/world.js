// The WIT world of a connector. JavaScript components import all of their world, so it must be exactly what the
// manifest lists: then imports and capabilities are the same. They export all of it, too, so `lookup` and `conclusion`
// are in it only for a target that has them.

import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { CONTRACT, Refused } from "./manifest.js";

export const NAME = "connector";
const FOLDER = "connector-0.1.0";

/** The world as WIT. */
export function text(manifest, exported) {
  const [name, version] = CONTRACT.split("@");
  const lines = [
    "package tributary:generated;",
    "",
    `world ${NAME} {`,
    ...(manifest.capabilities ?? []).map((one) => `  import ${name}/${one}@${version};`),
    ...exported.map((one) => `  export ${name}/${one}@${version};`),
    "}",
    "",
  ];
  return lines.join("\n");
}

/** Puts the world and the contract into `folder`, as the tools want them. */
export function write(manifest, exported, folder) {
  fs.cpSync(contract(), path.join(folder, "deps/tributary-connector"), { recursive: true });
  fs.writeFileSync(path.join(folder, "world.wit"), text(manifest, exported));
}

/** The folder of the contract's WIT: beside the kit in this repository, or in an author's `vendor`. */
function contract() {
  const kit = path.resolve(fileURLToPath(import.meta.url), "../..");
  const places = [path.join(kit, "wit", FOLDER), path.join(kit, "../wit", FOLDER)];
  const found = places.find((place) => fs.existsSync(place));
  if (!found) throw new Refused(`the contract is not there: it must be one of ${places.join(", ")}`);
  return found;
}
