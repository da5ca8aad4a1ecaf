// Bytes of a file or of an answer, read piece by piece. Prefer `decode`, which moves them in the host.

import { asked, ConnectorError } from "./errors.js";
import { free } from "./handle.js";

/** The host gives no more at a time. */
const PIECE = 1 << 20;

export class Reader {
  #handle;

  constructor(handle) {
    this.#handle = handle;
  }

  /** Bytes, if the other side told. */
  get size() {
    const size = this.#owned().size();
    return size == null ? undefined : Number(size);
  }

  /** At most `most` (and 1 MiB) bytes; empty at the end. */
  read(most = PIECE) {
    return asked(() => Uint8Array.from(this.#owned().read(most)));
  }

  /** All bytes, which must be at most `most`: they lie in the connector's memory. */
  readAll(most = 8 << 20) {
    const pieces = [];
    let size = 0;
    for (let piece = this.read(); piece.length > 0; piece = this.read()) {
      size += piece.length;
      if (size > most) throw ConnectorError.data(`more than ${most} bytes came`);
      pieces.push(piece);
    }
    this.close();
    const whole = new Uint8Array(size);
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  /** Frees it; further calls do nothing. */
  close() {
    free(this.#handle);
    this.#handle = undefined;
  }

  /** The handle, for the host; this object is of no more use. */
  taken() {
    const handle = this.#owned();
    this.#handle = undefined;
    return handle;
  }

  #owned() {
    if (this.#handle === undefined) throw ConnectorError.bug("this reader is closed or was given to the host already");
    return this.#handle;
  }
}
