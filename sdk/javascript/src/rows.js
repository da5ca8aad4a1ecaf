// Decoded rows that stay in the host: `decode` hands bytes to a native decoder, `pipe` moves rows on. They never
// enter this memory, so a connector in JavaScript is as fast as one in Rust here.

import * as codec from "tributary:connector/codec@0.1.0";
import * as output from "tributary:connector/output@0.1.0";

import { asked, ConnectorError } from "./errors.js";
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

  /** The scalar at a JSON Pointer of the document as text, for example a next-page token. JSON only. */
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

/**
 * Hands the bytes to a native decoder. Give `source`, the name by which people call the bytes. Further options:
 * csv: delimiter, quote, encoding, header, columns, expected_columns, start; json: records; ndjson: start.
 */
export function decode(reader, format, options) {
  if (!options?.source) throw ConnectorError.bug("decode needs `source`: a file's path or a request");
  return new Rows(asked(() => codec.decode(reader.taken(), format, JSON.stringify(options))));
}
