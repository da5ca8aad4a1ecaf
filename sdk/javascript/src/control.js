// Time, waiting, and whether to come to an end.

import * as contract from "tributary:connector/control@0.1.0";

/** Cancelled, or the deadline is near: come to a checkpoint and return. */
export function stopping() {
  return contract.stopping();
}

/** Milliseconds since 1970-01-01T00:00:00Z. `Date.now()` does not exist in a connector. */
export function nowMs() {
  return Number(contract.nowMs());
}

/** Waits, at most 60,000 ms at a time. */
export function sleepMs(ms) {
  contract.sleepMs(ms);
}
