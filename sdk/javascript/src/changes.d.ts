import type { Connection } from "./connections.js";
import type { Rows } from "./rows.js";

/** What keeps the log for this reader: slot and publication in PostgreSQL, nothing (`{}`) in MariaDB. */
export interface Log {
  slot?: string;
  publication?: string;
}

/** A table whose changes are read. `key` names a row; without `columns` there are all. */
export interface Table {
  schema?: string;
  table: string;
  key: string[];
  columns?: string[];
}

/** For `rows.probe` after each page: where a read can go on without losing anything behind it. */
export const POSITION: "/_change_position";

/** Where the log ends now: what a read may go up to. A position is text of the database's own. */
export function end(connection: Connection, log: Log): string;
/**
 * Where to read from after tables that are read whole: a query that begins after this call sees all that was committed
 * before the position. Some of what comes after it may be in its rows, too.
 */
export function start(connection: Connection, log: Log): string;
/**
 * The changes between two positions; pipe them a page at a time, with a checkpoint after each.
 *
 * Rows are a query's, with five columns more: `_change_op` ("insert", "update", "delete", "truncate"),
 * `_change_table`, `_change_position`, `_change_time` (of the commit), and `_change_unchanged`: names of large values
 * that an update did not touch and the log does not have; the row lacks them. A deleted row has at least its key, and
 * null where the log does not tell what was there. A page may have no row at all; `probe(POSITION)` tells after each
 * where to go on: what belongs to the same transaction comes again. A position that the log does not have (any more)
 * is the error `changes_gone`: then the tables are to be read whole again.
 */
export function read(connection: Connection, log: Log, tables: Table[], from: string, until: string): Rows;
/**
 * What comes before the position is not needed any more: the database may drop it. For positions that are durable in
 * a checkpoint only.
 */
export function release(connection: Connection, log: Log, until: string): void;
