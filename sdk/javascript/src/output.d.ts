/** Hands over rows that were made here, each any JSON value. Gives their number. */
export function emit(stream: string, rows: Iterable<unknown>): number;
/**
 * All rows handed over so far are covered by this state (any JSON value, at most 1 MiB). Rows and state become durable
 * together, in order and soon after; `flush` waits for it.
 */
export function checkpoint(state: unknown): void;
/**
 * Returns when everything up to the last checkpoint is durable. Before it, the source's copy must not go: a read that
 * breaks is called again with an earlier checkpoint.
 */
export function flush(): void;
