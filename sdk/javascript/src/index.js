// Write Tributary connectors in JavaScript or TypeScript. A connector is the default export of its module:
//
//   export default source({ config, check, discover, partitions, read });
//
// A target that can be asked whether a record is there has `inquire` and `judge`, too; one that leaves a word at the
// end of a run `conclude`.
//
// Capabilities are modules of their own (`@tributary/connector/http`, …). Which of them exist is what
// `connector.json` lists; another one does not build.
//
// Invariants: a connector does no I/O of its own: it names a connection and asks the host. It never retries; it
// throws a `ConnectorError` whose kind says what the platform should do. It keeps no state but checkpoints.
// Deliberately absent: WASI (no files, sockets, clock or chance; see `control.nowMs`), promises across the
// contract (calls are synchronous), secrets (the host sets them).

export { flag, choice, integer, list, map, number, object, optional, text } from "./config.js";
export { ConnectorError } from "./errors.js";
export { retryAfterMs } from "./headers.js";

/** A source; see `index.d.ts` for its parts. */
export function source(parts) {
  return { role: "source", partitions: (config, selection) => [{ stream: selection.stream }], ...parts };
}

/** An API target: two pure functions, and three more if it likes. The host sends, retries, keeps receipts, asks. */
export function target(parts) {
  return { role: "target", ...parts };
}

/** A step of a check that worked. */
export function passed(name, message) {
  return { name, ok: true, message };
}

/** The step that did not; no step follows it. */
export function failed(name, error) {
  return { name, ok: false, message: error.message };
}

/** The same outcome for all rows of a call, the same finding for all rows of an inquiry. */
export function allRows(call, outcome) {
  return new Map(call.rows.map((row) => [row, outcome]));
}
