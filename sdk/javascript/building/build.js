// The steps from a folder to a component, in order.

import fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { componentize } from "@bytecodealliance/componentize-js";

import { bundled } from "./bundle.js";
import * as component from "./component.js";
import { derive, load, Refused } from "./manifest.js";
import * as world from "./world.js";

/** All that would need WASI. */
const NONE_OF = ["stdio", "random", "clocks", "http", "fetch-event"];

/** Builds the connector in `folder` to `dist/NAME.wasm` (or `out`) and says what it is. */
export async function build(folder, out) {
  const manifest = load(folder);
  const { exported, renewed } = await derive(folder, manifest);
  if (renewed) console.log("connector.json: config_schema is renewed from the configuration");
  const code = await bundled(folder, manifest, exported);
  const raw = await componentized(code, manifest, exported);
  compare(raw, manifest);
  const finished = component.withManifest(raw, manifest);
  const file = out ?? path.join(folder, "dist", `${manifest.name}.wasm`);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, finished);
  console.log(`connector  ${manifest.name} ${manifest.version}`);
  console.log(`file       ${file} (${(finished.length / 1e6).toFixed(1)} MB)`);
  console.log(`digest     ${component.digest(finished)}`);
  console.log(`imports    ${component.capabilities(finished).join(", ") || "nothing"}`);
  return file;
}

async function componentized(code, manifest, exported) {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "tributary-build-"));
  try {
    const wit = path.join(scratch, "wit");
    world.write(manifest, exported, wit);
    const sourcePath = path.join(scratch, "connector.js");
    fs.writeFileSync(sourcePath, code);
    const made = await componentize({ sourcePath, witPath: wit, worldName: world.NAME, disableFeatures: NONE_OF });
    return Buffer.from(made.component);
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

function compare(raw, manifest) {
  const imported = component.capabilities(raw).sort();
  const listed = (manifest.capabilities ?? []).filter((name) => name !== "types" && name !== "io").sort();
  if (imported.join() !== listed.join()) {
    throw new Refused(`the component imports ${imported.join(", ")}; connector.json lists ${listed.join(", ")}`);
  }
}
