import type {
  Call,
  Document,
  Finding,
  Inquiry,
  Outcome,
  Response,
  SourceParts,
  Step,
  Stream,
  TargetParts,
  Written,
} from "./index.js";

export interface Asked {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body?: Uint8Array;
}

export interface Read {
  rows: unknown[];
  checkpoints: unknown[];
  /** How many rows had been handed over at each checkpoint. */
  covered: number[];
  /** How many checkpoints there were at each flush: these were durable. */
  flushed: number[];
}

/** A row of a database's log; those of one transaction share a position. */
export interface Change {
  _change_op: "insert" | "update" | "delete" | "truncate";
  _change_table: string;
  _change_position: string;
  [column: string]: unknown;
}

/** Changes of a database in the order of their commits. Its end after n changes is the position `end-n`. */
export class DatabaseLog {
  constructor(changes: Change[]);
  changes: Change[];
  /** Positions that a connector gave free; what comes before the last is gone. */
  released: string[];
  /** What happens next. */
  add(...changes: Change[]): void;
  end(): string;
}

/** A host in memory. */
export class Host {
  constructor(given?: {
    answer?: (asked: Asked) => [status: number, headers: Record<string, string>, body: string];
    files?: Record<string, string>;
    queries?: Record<string, Record<string, unknown>[]>;
    /** What `changes` is asked of. */
    log?: Change[];
    /** What comes after what was sent over a socket; after nothing: a greeting. */
    server?: (sent: string) => string;
    baseUrl?: string;
  });
  requests: Asked[];
  /** Statements with their parameters. */
  asked: { statement: string; params: unknown[] }[];
  log?: DatabaseLog;
  lines: string[];
  /** What `metrics` was told. */
  figures: { name: string; kind: string; value: number; labels: Record<string, string> }[];
  nowMs: number;
  stopping: boolean;
  /** Rows until the host says that they are not wanted any more: a crash at that place. */
  breakAfter: number;
  check<C>(connector: Pick<TargetParts<C>, "config" | "check">, config: unknown): Step[];
  discover<C, P>(connector: SourceParts<C, P>, config: unknown): Stream[];
  partitions<C, P>(connector: SourceParts<C, P>, config: unknown, stream: string, states?: unknown[]): P[];
  read<C, P>(
    connector: SourceParts<C, P>,
    config: unknown,
    stream: string,
    from?: { partition?: unknown; checkpoint?: unknown },
  ): Read;
  /** The calls for rows, which are JSON values, or texts as they come; their keys are `key-0`, `key-1` and so on. */
  prepare<C>(connector: TargetParts<C>, config: unknown, rows: unknown[]): Call[];
  /** The outcome of each row of a call. */
  settle<C>(connector: TargetParts<C>, config: unknown, call: Call, response: Response): Map<number, Outcome>;
  /** Prepares rows, sends each call once to `answer`, and settles: the outcome of each row. */
  deliver<C>(connector: TargetParts<C>, config: unknown, rows: unknown[]): Map<number, Outcome>;
  /** The inquiries for rows, which have the keys that `prepare` gives them. */
  inquire<C>(connector: TargetParts<C>, config: unknown, rows: unknown[]): Inquiry[];
  /** The finding for each row of an inquiry. */
  judge<C>(connector: TargetParts<C>, config: unknown, inquiry: Inquiry, answer: Response): Map<number, Finding>;
  /** Asks `answer` for rows, as the platform does before it sends again: the finding for each. */
  ask<C>(connector: TargetParts<C>, config: unknown, rows: unknown[]): Map<number, Finding>;
  /** The documents at the end of a run. */
  conclude<C>(connector: TargetParts<C>, config: unknown, written: Written[], run?: string): Document[];
}
