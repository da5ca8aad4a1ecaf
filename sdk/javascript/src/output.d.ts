/** Hands over rows that were made here, each any JSON value. Gives their number. */
export function emit(stream: string, rows: Iterable<unknown>): number;
/** All rows handed over so far are covered by this state. Returns when they are durable. */
export function checkpoint(state: unknown): void;
