#!/usr/bin/env node
// `tributary-connector build [DIR] [--out FILE]` and `tributary-connector schema [DIR]`.

import path from "node:path";
import { parseArgs } from "node:util";

import { build } from "./build.js";
import { derive, load } from "./manifest.js";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { out: { type: "string" } } });
const [command, folder = "."] = positionals;
try {
  const where = path.resolve(folder);
  if (command === "build") await build(where, values.out);
  else if (command === "schema") await derive(where, load(where));
  else throw new Error("usage: tributary-connector build|schema [DIR] [--out FILE]");
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
