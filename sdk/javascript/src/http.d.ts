import type { Connection } from "./connections.js";
import type { Reader } from "./reader.js";

/** Members that are null or undefined are left out. */
export type Pairs = Record<string, string | number | boolean | null | undefined> | [string, string][];

export interface Request {
  method?: "get" | "head" | "post" | "put" | "patch" | "delete";
  /** Below the connection's base address. */
  path: string;
  query?: Pairs;
  headers?: Pairs;
  body?: Uint8Array;
  idempotencyKey?: string;
  timeoutMs?: number;
}

export class Answer {
  /** How people call the request. */
  readonly label: string;
  readonly status: number;
  readonly headers: [string, string][];
  readonly body: Reader;
  header(name: string): string | undefined;
  /** This answer if its status is 2xx; otherwise throws the error that the status stands for. */
  ok(): Answer;
}

export function send(connection: Connection, request: Request): Answer;
/** A GET for JSON. */
export function get(connection: Connection, path: string, query?: Pairs, headers?: Pairs): Answer;
