import type { SourceParts, Step, Stream } from "./index.js";

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
}

/** A host in memory. */
export class Host {
  constructor(given?: {
    answer?: (asked: Asked) => [status: number, headers: Record<string, string>, body: string];
    files?: Record<string, string>;
    queries?: Record<string, Record<string, unknown>[]>;
    /** What comes after what was sent over a socket; after nothing: a greeting. */
    server?: (sent: string) => string;
    baseUrl?: string;
  });
  requests: Asked[];
  /** Statements with their parameters. */
  asked: { statement: string; params: unknown[] }[];
  lines: string[];
  nowMs: number;
  stopping: boolean;
  /** Rows until the host says that they are not wanted any more: a crash at that place. */
  breakAfter: number;
  check<C, P>(connector: SourceParts<C, P>, config: unknown): Step[];
  discover<C, P>(connector: SourceParts<C, P>, config: unknown): Stream[];
  partitions<C, P>(connector: SourceParts<C, P>, config: unknown, stream: string, states?: unknown[]): P[];
  read<C, P>(
    connector: SourceParts<C, P>,
    config: unknown,
    stream: string,
    from?: { partition?: unknown; checkpoint?: unknown },
  ): Read;
}
