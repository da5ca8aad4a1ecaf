// The tenant's connection. The host owns address, credentials, TLS and SSH keys; a connector holds a handle.

import * as contract from "tributary:connector/connections@0.1.0";

import { asked } from "./errors.js";

/** By label. One handle serves a whole call: asked anew for each page, a thousand would soon be held. */
const known = new Map();

/** The connection that `connector.json` declares under `connection/label`. */
export function connection(label) {
  if (!known.has(label)) known.set(label, opened(label));
  return known.get(label);
}

function opened(label) {
  const handle = asked(() => contract.get(label));
  return {
    handle,
    label,
    /** The address that requests go below, without any secret; empty for other kinds than HTTP. */
    get baseUrl() {
      return handle.baseUrl();
    },
  };
}
