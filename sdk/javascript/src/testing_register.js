// For `node --import @tributary/connector/testing/register --test`: the contract leads to the host in memory.

import { register } from "node:module";

const contract = new URL("./testing_contract.js", import.meta.url).href;
const hooks = `
export async function resolve(name, context, next) {
  if (name.startsWith("tributary:connector/")) return { url: ${JSON.stringify(contract)}, shortCircuit: true };
  return next(name, context);
}`;

register(`data:text/javascript,${encodeURIComponent(hooks)}`);
