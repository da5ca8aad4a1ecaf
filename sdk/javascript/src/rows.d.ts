import type { Reader } from "./reader.js";

export interface Piped {
  rows: number;
  pages: number;
  /** Where the next row starts. */
  line: number;
  offset: number;
  ended: boolean;
}

/** Rows that stay in the host. */
export class Rows {
  /** Column names of delimited text. */
  columns(): string[];
  /** The scalar at a JSON Pointer of the document as text. JSON only; of a query: of the last row that was moved on. */
  probe(pointer: string): string | undefined;
  /** One scalar field of all rows, in order. JSON only. */
  pluck(pointer: string): (string | undefined)[];
  /** Moves at most `maxPages` (1) pages on. */
  pipe(stream: string, maxPages?: number): Piped;
  /** Moves all rows on and closes. Gives their number. */
  pipeAll(stream: string): number;
  close(): void;
}

interface Start {
  line: number;
  offset: number;
}

export interface CsvOptions {
  source: string;
  /** Left out: found out from the first bytes of the file; a comma when `start` is inside of it. */
  delimiter?: string;
  quote?: string | null;
  /** Left out: found out likewise; UTF-8 when `start` is inside. */
  encoding?: string;
  header?: boolean;
  columns?: string[];
  expected_columns?: string[];
  start?: Start;
}

/** Hands the bytes to a native decoder. `source` is the name by which people call them. */
export function decode(reader: Reader, format: "csv", options: CsvOptions): Rows;
export function decode(reader: Reader, format: "json", options: { source: string; records?: string }): Rows;
export function decode(reader: Reader, format: "ndjson", options: { source: string; start?: Start }): Rows;
