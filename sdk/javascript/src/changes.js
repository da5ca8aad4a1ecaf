// What tables of the connection's database went through, out of the database's own log, in the order of the commits.
// A right of its own: the account needs one at the database that a query does not need, and the log that is kept for
// a reader takes room there. A position is text of the database's own; only the empty one means nothing.
//
// Tables are read whole once, after `start` told a place in the log; later runs read the log from there to its `end`.
// What a run read is given free with `release` by the next one, when it is durable for certain.

import * as contract from "tributary:connector/changes@0.1.0";

import { asked } from "./errors.js";
import { Rows } from "./row_handle.js";

/** For `rows.probe` after each page: where a read can go on without losing anything behind it. */
export const POSITION = "/_change_position";

/** Where the log ends now: what a read may go up to. */
export function end(connection, log) {
  return asked(() => contract.end(connection.handle, JSON.stringify(log)));
}

/** Where to read from after tables that are read whole by queries that begin after this call. */
export function start(connection, log) {
  return asked(() => contract.start(connection.handle, JSON.stringify(log)));
}

/** The changes between two positions; pipe them a page at a time, with a checkpoint after each. */
export function read(connection, log, tables, from, until) {
  const asking = [JSON.stringify(log), JSON.stringify(tables)];
  return new Rows(asked(() => contract.read(connection.handle, ...asking, from, until)));
}

/** What comes before the position is not needed any more. For positions that are durable in a checkpoint only. */
export function release(connection, log, until) {
  asked(() => contract.release(connection.handle, JSON.stringify(log), until));
}
