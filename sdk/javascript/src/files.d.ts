import type { Connection } from "./connections.js";
import type { Reader } from "./reader.js";

/** A regular file. */
export interface Entry {
  path: string;
  name: string;
  size: number;
  modifiedMs: number;
}

/** The regular files of one folder, by name. */
export function entries(connection: Connection, folder: string): Generator<Entry>;
/** Size and time of a file as they are now. */
export function stat(connection: Connection, path: string): Entry;
/** The bytes of a file from `offset` on. */
export function openAt(connection: Connection, path: string, offset?: number): Reader;
