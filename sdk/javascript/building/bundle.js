// Many modules to one. esbuild also takes TypeScript, so `connector.ts` will do.

import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const KIT = path.resolve(fileURLToPath(import.meta.url), "../..");
/** Interfaces of the contract. */
const CONTRACT = /^tributary:/;

/** The connector's module. */
export function entry(folder) {
  const names = ["connector.ts", "connector.js"];
  const found = names.map((name) => path.join(folder, name)).find((file) => fs.existsSync(file));
  if (!found) throw new Error(`${folder} has no connector.js or connector.ts`);
  return found;
}

/** The source of a component: the connector's module with the contract's exports `exported` around it. */
export async function bundled(folder, manifest, exported) {
  const told = manifest.capabilities?.includes("log");
  const lines = [
    `import connector from ${JSON.stringify(entry(folder))};`,
    `import { ${exported.map((name) => `${name}Of`).join(", ")} } from "@tributary/connector/exports";`,
    told ? `import { log } from "tributary:connector/log@0.1.0";` : "",
    told ? `const tell = (text) => log("error", text, []);` : "const tell = () => {};",
    ...exported.map((name) => `export const ${name} = ${name}Of(connector, tell);`),
  ];
  return run(lines.join("\n"), folder, granted(manifest.capabilities ?? []));
}

/** The contract stays outside of the bundle, and only what the manifest lists. */
function granted(capabilities) {
  return {
    name: "contract",
    setup(bundling) {
      bundling.onResolve({ filter: CONTRACT }, ({ path: name }) => {
        const interfaceName = name.split("/")[1].split("@")[0];
        if (capabilities.includes(interfaceName)) return { path: name, external: true };
        return { errors: [{ text: `list "${interfaceName}" under "capabilities" in connector.json` }] };
      });
    },
  };
}

/** The connector's module as an object, in this process. Its capabilities are empty. */
export async function evaluated(folder) {
  const nothing = {
    name: "no-host",
    setup(plugins) {
      plugins.onResolve({ filter: CONTRACT }, ({ path: name }) => ({ path: name, namespace: "no-host" }));
      plugins.onLoad({ filter: /.*/, namespace: "no-host" }, () => ({ contents: "module.exports = {};", loader: "js" }));
    },
  };
  const source = `export { default } from ${JSON.stringify(entry(folder))};`;
  const code = await run(source, folder, nothing);
  return import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
}

async function run(source, folder, contract) {
  const own = {
    name: "kit",
    setup(bundling) {
      bundling.onResolve({ filter: /^@tributary\/connector(\/|$)/ }, ({ path: name }) => ({ path: inKit(name) }));
    },
  };
  const result = await build({
    stdin: { contents: source, resolveDir: folder, loader: "js" },
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    mainFields: ["module", "main"],
    logLevel: "silent",
    plugins: [contract, own],
  });
  return result.outputFiles[0].text;
}

/** The kit's own file, so that a connector need not have it installed beside itself. */
function inKit(name) {
  const { exports } = JSON.parse(fs.readFileSync(path.join(KIT, "package.json"), "utf8"));
  const found = exports[name.replace("@tributary/connector", ".")];
  if (!found) throw new Error(`the kit has no module "${name}"`);
  return path.join(KIT, found.default ?? found);
}
