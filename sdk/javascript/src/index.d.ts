// The kit's types; the code and its promises are in the `.js` files beside.

import type { Kind, Members } from "./config.js";

export { choice, flag, integer, list, map, number, object, optional, text } from "./config.js";
export type { ConfigOf, Kind } from "./config.js";

export type ErrorKind =
  | "config"
  | "auth"
  | "not_found"
  | "transient"
  | "rate_limited"
  | "data"
  | "unsupported"
  | "denied"
  | "cancelled"
  | "bug";

/** What went wrong, and by its kind what the platform does next: only `transient` and `rate_limited` come again. */
export class ConnectorError extends Error {
  constructor(kind: ErrorKind, message: string, more?: { code?: string; field?: string; retryAfterMs?: number });
  readonly kind: ErrorKind;
  /** A stable code of the platform's catalogue, if one is more exact than the kind. */
  readonly code?: string;
  /** A JSON Pointer into the connection document, for example `/config/folder`. */
  readonly field?: string;
  readonly retryAfterMs?: number;
  /** The configuration must change. */
  static config(field: string, message: string): ConnectorError;
  /** What the other side sent can't be used. */
  static data(message: string, code?: string): ConnectorError;
  /** Worth another try. */
  static transient(message: string, code?: string): ConnectorError;
  /** The other side asks to wait. */
  static rateLimited(message: string, retryAfterMs?: number): ConnectorError;
  /** The connector's own mistake. */
  static bug(message: string): ConnectorError;
}

/** `Retry-After` in seconds, as ms. */
export function retryAfterMs(headers: [string, string][]): number | undefined;

export interface Step {
  name: string;
  ok: boolean;
  message: string;
}

export interface Stream {
  name: string;
  /** JSON Schema of one row. */
  schema: object;
  primaryKey?: string[];
  cursorField?: string;
  full?: boolean;
  incremental?: boolean;
  partitioned?: boolean;
}

export interface Selection {
  stream: string;
  incremental: boolean;
  /** As `partitions` answered it. */
  partition: unknown;
  /** In `read`: the last checkpoint of this partition in this run. */
  checkpoint: unknown;
  /** In `partitions`: the last checkpoints of the partitions of earlier runs. */
  checkpoints: unknown[];
}

export interface SourceParts<C, P = unknown> {
  config: Kind<C>;
  /** Tries the connection; changes nothing on the other side. Throws only if it could not be tried. */
  check(config: C): Iterable<Step>;
  discover(config: C): Iterable<Stream>;
  /**
   * What can be read side by side; the stream as a whole if it is left out. A partition is any JSON value; an
   * object with a member `key` keeps its checkpoint under that name from run to run.
   */
  partitions?(config: C, selection: Selection): Iterable<P>;
  /** Reads one partition: pipe rows, and a checkpoint after each page. */
  read(config: C, selection: Selection): void;
}

/** Rows to send, each the text of one JSON value. Paste them as they are: parsed, a number may lose digits. */
export interface Batch {
  stream: string;
  rows: string[];
  /** One idempotency key per row, the same at every attempt. */
  keys: string[];
}

/** A request. Each row of the batch is in exactly one, counted from 0. */
export interface Call {
  method?: "POST" | "PUT" | "PATCH" | "DELETE" | "GET";
  path: string;
  query?: [string, string][];
  headers?: [string, string][];
  body: string | Uint8Array;
  rows: number[];
  /** Sent as header `Idempotency-Key`. */
  idempotencyKey?: string;
  /** Any JSON value, given back to `settle`. */
  context?: unknown;
}

export interface Response {
  status: number;
  headers: [string, string][];
  body: string;
}

export type Outcome =
  | { delivered: { externalId?: string; detail?: object } }
  | { rejected: { code: string; message: string; field?: string } }
  | { retry: { kind: "transient" | "rate_limited" | "split"; message: string; retryAfterMs?: number } };

/** A GET that changes nothing. Each row of the batch is in exactly one, counted from 0. */
export interface Inquiry {
  path: string;
  query?: [string, string][];
  headers?: [string, string][];
  rows: number[];
  /** Any JSON value, given back to `judge`. */
  context?: unknown;
}

export type Finding =
  /** It was done: this very record is there. */
  | { there: { externalId?: string; detail?: object } }
  /** It was not done, so it is sent. Only for a status or an answer that says so. */
  | { absent: true }
  /** Something is there, and it does not tell whether it is this record. Always right when in doubt. */
  | { unclear: { message: string } }
  /** The target cannot say now. */
  | { later: { message: string; retryAfterMs?: number } };

/** One thing that came to be at the target, with the number of its records in this run. */
export interface Written {
  externalId: string;
  rows: number;
  /** Of the first of them, as `settle` answered it. */
  detail?: Record<string, unknown>;
}

/** What the host then puts there (`PUT` on the connection), over what was there under that path. */
export interface Document {
  path: string;
  content: string | Uint8Array;
}

export interface TargetParts<C> {
  config: Kind<C>;
  /** Tries the connection; changes nothing on the other side. Throws only if it could not be tried. */
  check(config: C): Iterable<Step>;
  /** Turns a batch into calls. Pure: the same batch gives the same calls. */
  prepare(config: C, batch: Batch): Iterable<Call>;
  /**
   * One outcome for each row of the call, whose body is empty here. Throws for an answer that can't be understood
   * (code `target_answer`) or that concerns every call (kind `auth`).
   */
  settle(config: C, call: Call & { headers: [string, string][] }, response: Response): Iterable<[number, Outcome]>;
  /**
   * The requests that ask whether rows are there; the batch's keys are those that they were sent under. Pure. For a
   * target that knows no key again (`delivery` of `connector.json` says `lookup`), or may have forgotten it
   * (`lookup_after_window`): the host asks before it sends what may have been done already. Together with `judge`.
   */
  inquire?(config: C, batch: Batch): Iterable<Inquiry>;
  /**
   * One finding for each row of the inquiry. Throws for an answer that can't be understood (code `target_answer`) or
   * that concerns every call (kind `auth`).
   */
  judge?(config: C, inquiry: Inquiry, answer: Response): Iterable<[number, Finding]>;
  /**
   * What is put at the target once all records of the run have an end state. It may be asked again: the same run must
   * get the same paths, whatever was written. `written` is in the order of the external ids.
   */
  conclude?(config: C, run: string, written: Written[]): Iterable<Document>;
}

export function source<C, P>(parts: SourceParts<C, P>): SourceParts<C, P> & { role: "source" };
export function target<C>(parts: TargetParts<C>): TargetParts<C> & { role: "target" };
export function passed(name: string, message: string): Step;
export function failed(name: string, error: Error): Step;
/** The same outcome for all rows of a call, the same finding for all rows of an inquiry. */
export function allRows(call: Pick<Call, "rows">, outcome: Outcome): Map<number, Outcome>;
export function allRows(inquiry: Pick<Inquiry, "rows">, finding: Finding): Map<number, Finding>;

export type { Members };
