import type { Connection } from "./connections.js";
import type { Reader } from "./reader.js";

/** A regular file. */
export interface Entry {
  path: string;
  name: string;
  size: number;
  modifiedMs: number;
  /** names these very bytes (an S3 ETag); absent where the server has nothing of the kind */
  version?: string;
}

/** The regular files of one folder, with `recursive` also of those below it, by path. */
export function entries(
  connection: Connection,
  folder: string,
  options?: { recursive?: boolean },
): Generator<Entry>;
/** Size and time of a file as they are now. */
export function stat(connection: Connection, path: string): Entry;
/** The bytes of a file from `offset` on; with `version` of these very bytes, or `file_changed`. */
export function openAt(connection: Connection, path: string, offset?: number, version?: string): Reader;
/** The bytes of the very file that a listing showed; `file_changed` if it is another one by now. */
export function openEntry(connection: Connection, entry: Entry, offset?: number): Reader;
