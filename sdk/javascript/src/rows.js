// Decoded rows that stay in the host: `decode` hands bytes to a native decoder, `pipe` moves rows on. They never
// enter this memory, so a connector in JavaScript is as fast as one in Rust here.

import * as codec from "tributary:connector/codec@0.1.0";

import { asked, ConnectorError } from "./errors.js";
import { Rows } from "./row_handle.js";

export { Rows };

/**
 * Hands the bytes to a native decoder. Give `source`, the name by which people call the bytes. Further options:
 * csv: delimiter, quote, encoding, header, columns, expected_columns, start; json: records; ndjson: start.
 */
export function decode(reader, format, options) {
  if (!options?.source) throw ConnectorError.bug("decode needs `source`: a file's path or a request");
  return new Rows(asked(() => codec.decode(reader.taken(), format, JSON.stringify(options))));
}
