import type { Connection } from "./connections.js";

/** An open socket. After an error it is of no more use. */
export class Socket {
  /** At least one byte, as soon as there is one; empty at the end. */
  read(most?: number): Uint8Array;
  /** The next line with its `\n`; without one only at the end. */
  readLine(most?: number): Uint8Array;
  /** All of it, or an error says that an unknown part was. */
  write(data: Uint8Array): void;
  /** Gives it back to the host; further calls do nothing. */
  close(): void;
}

/** A socket of its own; at most 4 are open at a time. */
export function connect(connection: Connection): Socket;
