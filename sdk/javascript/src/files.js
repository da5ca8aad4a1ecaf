// Files behind a connection. SFTP and stores look the same to a connector.

import * as contract from "tributary:connector/files@0.1.0";

import { asked } from "./errors.js";
import { Reader } from "./reader.js";

/** The regular files of one folder, by name. */
export function* entries(connection, folder) {
  let page;
  do {
    const listing = asked(() => contract.list(connection.handle, folder, page));
    for (const entry of listing.entries) yield plain(entry);
    page = listing.next ?? undefined;
  } while (page !== undefined);
}

/** Size and time of a file as they are now. */
export function stat(connection, path) {
  return plain(asked(() => contract.stat(connection.handle, path)));
}

/** The bytes of a file from `offset` on. */
export function openAt(connection, path, offset = 0) {
  return new Reader(asked(() => contract.open(connection.handle, path, BigInt(offset))));
}

function plain({ path, size, modifiedMs }) {
  return { path, name: path.slice(path.lastIndexOf("/") + 1), size: Number(size), modifiedMs: Number(modifiedMs) };
}
