// Handles of the host. A collector frees them some time; the host allows a thousand and 128 MiB behind them,
// so the kit frees each as soon as it is of no more use.

const DISPOSE = Symbol.dispose ?? Symbol.for("dispose");

/** Gives a handle back to the host. */
export function free(handle) {
  handle?.[DISPOSE]?.();
}
