import type { Connection } from "./connections.js";
import type { Rows } from "./rows.js";

type Scalar = string | number | boolean | null;

/** Which SQL the connection's database understands; "mysql" is MariaDB, too. */
export function speaks(connection: Connection): "postgres" | "mysql" | "sqlite";
/** Begins one statement that reads; parameters are bound in order (`$1` or `?`). At most four at a time. */
export function query(connection: Connection, statement: string, params?: Scalar[]): Rows;
/** The same for a small answer: at most 10,000 rows. */
export function fetch(connection: Connection, statement: string, params?: Scalar[]): Record<string, unknown>[];
