/** A handle to the tenant's connection; never a secret. */
export interface Connection {
  readonly handle: unknown;
  readonly label: string;
  /** The address that requests go below; empty for other kinds than HTTP. */
  readonly baseUrl: string;
}

/** The connection that `connector.json` declares under `connection/label`. */
export function connection(label: string): Connection;
