/** Bytes in the host. Given to `decode` it is used up. */
export class Reader {
  readonly size: number | undefined;
  /** At most `most` (and 1 MiB) bytes; empty at the end. */
  read(most?: number): Uint8Array;
  /** All bytes, which must be at most `most` (8 MiB). */
  readAll(most?: number): Uint8Array;
  close(): void;
}
