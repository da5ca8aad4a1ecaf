// What headers say, for sources and targets alike.

/** `Retry-After` in seconds as ms. The date form is passed over: the platform then waits by itself. */
export function retryAfterMs(headers) {
  const told = headers.find(([key]) => key.toLowerCase() === "retry-after")?.[1].trim();
  return told && /^\d+$/.test(told) ? Math.min(Number(told) * 1000, 86_400_000) : undefined;
}
