// Files behind a connection. SFTP and stores look the same to a connector.

import * as contract from "tributary:connector/files@0.1.0";

import { asked } from "./errors.js";
import { Reader } from "./reader.js";

/** The regular files of one folder, with `recursive` also of those below it, by path. */
export function* entries(connection, folder, { recursive = false } = {}) {
  let page;
  do {
    const listing = asked(() => contract.list(connection.handle, folder, recursive, page));
    for (const entry of listing.entries) yield plain(entry);
    page = listing.next ?? undefined;
  } while (page !== undefined);
}

/** Size and time of a file as they are now. */
export function stat(connection, path) {
  return plain(asked(() => contract.stat(connection.handle, path)));
}

/** The bytes of a file from `offset` on; with `version` of these very bytes, or `file_changed`. */
export function openAt(connection, path, offset = 0, version = undefined) {
  return new Reader(asked(() => contract.open(connection.handle, path, BigInt(offset), version)));
}

/**
 * The bytes of the very file that a listing showed. If it is another one by now, or changes while it is read,
 * the answer is `file_changed`; there is no need for a `stat` before and behind.
 */
export function openEntry(connection, { path, size, modifiedMs, version }, offset = 0) {
  const shown = { path, size: BigInt(size), modifiedMs: BigInt(modifiedMs), version };
  return new Reader(asked(() => contract.openEntry(connection.handle, shown, BigInt(offset))));
}

function plain({ path, size, modifiedMs, version }) {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return { path, name, size: Number(size), modifiedMs: Number(modifiedMs), version: version ?? undefined };
}
