// Rows that the connector made itself, and checkpoints. Calls block in the host: that is the back-pressure.

import * as contract from "tributary:connector/output@0.1.0";

import { asked } from "./errors.js";

/** The host takes 4 MiB and 10,000 rows at most in one batch. */
const BATCH_CHARS = 1 << 19;
const BATCH_ROWS = 5_000;

/** Hands over rows that were made here, each any JSON value, in batches. Gives their number. */
export function emit(stream, rows) {
  let lines = [];
  let size = 0;
  let total = 0;
  for (const row of rows) {
    const line = JSON.stringify(row);
    if (lines.length > 0 && (size + line.length > BATCH_CHARS || lines.length >= BATCH_ROWS)) {
      hand(stream, lines);
      lines = [];
      size = 0;
    }
    lines.push(line);
    size += line.length + 1;
    total += 1;
  }
  if (lines.length > 0) hand(stream, lines);
  return total;
}

/**
 * All rows handed over so far are covered by this state (any JSON value, at most 1 MiB). Rows and state become durable
 * together, in order and soon after; `flush` waits for it.
 */
export function checkpoint(state) {
  asked(() => contract.checkpoint(JSON.stringify(state)));
}

/**
 * Returns when everything up to the last checkpoint is durable. Before it, the source's copy must not go: a read that
 * breaks is called again with an earlier checkpoint.
 */
export function flush() {
  asked(() => contract.flush());
}

function hand(stream, lines) {
  const data = new TextEncoder().encode(`${lines.join("\n")}\n`);
  asked(() => contract.emit({ stream, encoding: "ndjson", rows: lines.length, data }));
}
