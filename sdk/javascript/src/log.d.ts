/** Lines of the run's log; each is cut at 8 KiB, 1 MiB per call is kept. */
type Write = (message: string, fields?: Record<string, unknown>) => void;

export const debug: Write;
export const info: Write;
export const warn: Write;
export const error: Write;
