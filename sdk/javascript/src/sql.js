// The connection's database: queries whose rows stay in the host, and small answers to look at. The host owns
// driver, address, account and session; a query runs in a read-only transaction of its own.

import * as contract from "tributary:connector/sql@0.1.0";

import { asked } from "./errors.js";
import { Rows } from "./row_handle.js";

/** "postgres", "mysql" (and MariaDB) or "sqlite". */
export function speaks(connection) {
  return asked(() => contract.speaks(connection.handle));
}

/** Begins one statement that reads; `params` are scalars, bound in order (`$1` or `?`). At most four at a time. */
export function query(connection, statement, params = []) {
  return new Rows(asked(() => contract.query(connection.handle, statement, JSON.stringify(params))));
}

/** The same for a small answer: at most 10,000 rows. */
export function fetch(connection, statement, params = []) {
  return JSON.parse(asked(() => contract.fetch(connection.handle, statement, JSON.stringify(params))));
}
