// A socket to the connection's host and port, for protocols that the host does not speak. Address, TLS and client
// certificate are the host's business; there is no password in it.

import * as contract from "tributary:connector/tcp@0.1.0";

import { asked, ConnectorError } from "./errors.js";
import { free } from "./handle.js";

/** The host gives no more at a time. */
const PIECE = 64 << 10;
/** The host takes no more in one call, with room for what is around it. */
const MOST = 1 << 20;

/** An open socket. After an error it is of no more use. */
export class Socket {
  #handle;
  #rest = new Uint8Array();

  constructor(handle) {
    this.#handle = handle;
  }

  /** At least one byte, as soon as there is one; empty at the end. */
  read(most = PIECE) {
    if (this.#rest.length > 0) {
      const piece = this.#rest.subarray(0, most);
      this.#rest = this.#rest.subarray(piece.length);
      return piece;
    }
    return asked(() => Uint8Array.from(this.#owned().read(most)));
  }

  /** The next line with its `\n`; without one only at the end. */
  readLine(most = 1 << 20) {
    const bytes = [];
    for (let piece = this.read(); piece.length > 0; piece = this.read()) {
      const end = piece.indexOf(10) + 1;
      bytes.push(...(end > 0 ? piece.subarray(0, end) : piece));
      if (bytes.length > most) throw ConnectorError.data(`a line is longer than ${most} bytes`);
      if (end > 0) {
        this.#rest = Uint8Array.from([...piece.subarray(end), ...this.#rest]);
        break;
      }
    }
    return Uint8Array.from(bytes);
  }

  /** All of it, or an error says that an unknown part was. */
  write(data) {
    for (let at = 0; at < data.length; at += MOST) {
      asked(() => this.#owned().write(data.subarray(at, at + MOST)));
    }
  }

  /** Gives it back to the host; further calls do nothing. */
  close() {
    free(this.#handle);
    this.#handle = undefined;
  }

  #owned() {
    if (this.#handle === undefined) throw ConnectorError.bug("this socket is closed");
    return this.#handle;
  }
}

/** A socket of its own; at most 4 are open at a time. */
export function connect(connection) {
  return new Socket(asked(() => contract.connect(connection.handle)));
}
