// The tenant's connection. The host owns address, credentials, TLS and SSH keys; a connector holds a handle.

import * as contract from "tributary:connector/connections@0.1.0";

import { asked } from "./errors.js";

/** The connection that `connector.json` declares under `connection/label`. */
export function connection(label) {
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
