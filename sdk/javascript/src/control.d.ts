/** Cancelled, or the deadline is near: come to a checkpoint and return. */
export function stopping(): boolean;
/** Milliseconds since 1970-01-01T00:00:00Z. */
export function nowMs(): number;
/** Waits, at most 60,000 ms at a time. */
export function sleepMs(ms: number): void;
