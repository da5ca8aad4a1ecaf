// Errors. The kind decides what the platform does next, so choose it with care: only `transient` and
// `rate_limited` are tried again.

/** In the contract's order. */
const KINDS = [
  "config",
  "auth",
  "not_found",
  "transient",
  "rate_limited",
  "data",
  "unsupported",
  "denied",
  "cancelled",
  "bug",
];

export class ConnectorError extends Error {
  constructor(kind, message, { code, field, retryAfterMs } = {}) {
    if (!KINDS.includes(kind)) throw new TypeError(`"${kind}" is no kind of error; there are ${KINDS.join(", ")}`);
    super(message);
    this.name = "ConnectorError";
    this.kind = kind;
    this.code = code;
    this.field = field;
    this.retryAfterMs = retryAfterMs;
  }

  static config(field, message) {
    return new ConnectorError("config", message, { field });
  }

  static data(message, code) {
    return new ConnectorError("data", message, { code });
  }

  static transient(message, code) {
    return new ConnectorError("transient", message, { code });
  }

  static rateLimited(message, retryAfterMs) {
    return new ConnectorError("rate_limited", message, { retryAfterMs });
  }

  static bug(message) {
    return new ConnectorError("bug", message);
  }
}

/** Calls the host; its error arrives as a `ConnectorError`. */
export function asked(call) {
  try {
    return call();
  } catch (thrown) {
    // The engines hand over the contract's record as `payload` or as it is.
    const told = thrown?.payload ?? thrown;
    if (told instanceof Error || typeof told?.kind !== "string") throw thrown;
    throw new ConnectorError(told.kind.replace("-", "_"), told.message, {
      code: told.code ?? undefined,
      field: told.field ?? undefined,
      retryAfterMs: told.retryAfterMs ?? undefined,
    });
  }
}
