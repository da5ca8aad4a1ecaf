// Rows that stay in the host, whoever made them: a decoder (`rows.js`) or a query (`sql.js`).

import * as output from "tributary:connector/output@0.1.0";

import { asked } from "./errors.js";
import { free } from "./handle.js";

export class Rows {
  #handle;

  constructor(handle) {
    this.#handle = handle;
  }

  /** Column names of delimited text. */
  columns() {
    return JSON.parse(asked(() => this.#handle.schema())).columns ?? [];
  }

  /** The scalar at a JSON Pointer of the document as text, for example a next-page token. JSON only; of a query: of
   * the last row that was moved on. */
  probe(pointer) {
    return asked(() => this.#handle.probe(pointer)) ?? undefined;
  }

  /** One scalar field (JSON Pointer within a row) of all rows, in order. JSON only. */
  pluck(pointer) {
    return asked(() => this.#handle.pluck(pointer)).map((value) => value ?? undefined);
  }

  /** Moves at most `maxPages` pages (each at most 1 MiB, or one row) on. Only while reading. */
  pipe(stream, maxPages = 1) {
    const { rows, pages, next, ended } = asked(() => output.pipe(stream, this.#handle, maxPages));
    return { rows: Number(rows), pages, line: Number(next.line), offset: Number(next.offset), ended };
  }

  /** Moves all rows on and closes; for one answer of an API. Gives their number. */
  pipeAll(stream) {
    let total = 0;
    for (;;) {
      const piped = this.pipe(stream, 100);
      total += piped.rows;
      if (piped.ended) break;
    }
    this.close();
    return total;
  }

  /** Frees them. Close what is not piped to its end. */
  close() {
    free(this.#handle);
    this.#handle = undefined;
  }
}
