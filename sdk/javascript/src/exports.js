// From a connector to the contract's exports. The build writes the module that uses this.
//
// Invariant: nothing that the connector throws traps: a `ConnectorError` goes to the host as it is, anything else
// as the connector's own mistake, and its stack goes into the log.

import { parse } from "./config.js";
import { ConnectorError } from "./errors.js";

/** `tell(text)` writes to the run's log, if the manifest lists it. */
export function baseOf(connector, tell) {
  return {
    check: (config) => answered(tell, () => [...connector.check(parse(connector.config, config))]),
  };
}

export function sourceOf(connector, tell) {
  return {
    discover: (config) => answered(tell, () => [...connector.discover(parse(connector.config, config))].map(streamInfo)),
    partitions: (config, given) =>
      answered(tell, () => {
        const found = connector.partitions(parse(connector.config, config), selection(given));
        return [...found].map((partition) => JSON.stringify(partition));
      }),
    read: (config, given) =>
      answered(tell, () => {
        connector.read(parse(connector.config, config), selection(given));
      }),
  };
}

export function targetOf(connector, tell) {
  return {
    prepare: (config, batch, keys) =>
      answered(tell, () => {
        const calls = connector.prepare(parse(connector.config, config), rowsOf(batch, keys));
        return [...calls].map(toContract);
      }),
    settle: (config, call, response) =>
      answered(tell, () => {
        const given = { ...call, body: "", ...remembered(call) };
        const found = connector.settle(parse(connector.config, config), given, answerOf(response));
        return [...found].map(([row, outcome]) => ({ row, outcome: outcomeOf(row, outcome) }));
      }),
  };
}

/** Of a target that can be asked whether a record is there. */
export function lookupOf(connector, tell) {
  return {
    inquire: (config, batch, keys) =>
      answered(tell, () => {
        const inquiries = connector.inquire(parse(connector.config, config), rowsOf(batch, keys));
        return [...inquiries].map((inquiry) => {
          const { path, query, headers, rows, context } = asInquiry(inquiry);
          return { path, query, headers, rows, context: textOf(context) };
        });
      }),
    judge: (config, inquiry, answer) =>
      answered(tell, () => {
        const given = { ...inquiry, ...remembered(inquiry) };
        const found = connector.judge(parse(connector.config, config), given, answerOf(answer));
        return [...found].map(([row, finding]) => ({ row, finding: findingOf(row, finding) }));
      }),
  };
}

/** Of a target that leaves a word at the end of a run. */
export function conclusionOf(connector, tell) {
  return {
    conclude: (config, run, written) =>
      answered(tell, () => {
        const given = Array.from(written, ({ externalId, rows, detail }) => {
          return { externalId, rows: Number(rows), detail: detail == null ? undefined : JSON.parse(detail) };
        });
        const documents = connector.conclude(parse(connector.config, config), run, given);
        return [...documents].map(({ path, content }) => ({ path, content: bytesOf(content) }));
      }),
  };
}

/** A call with what may be left out. */
export function asCall({ method = "POST", query = [], headers = [["content-type", "application/json"]], ...more }) {
  return { method, query, headers, ...more };
}

/** An inquiry with what may be left out. */
export function asInquiry({ query = [], headers = [["accept", "application/json"]], ...more }) {
  return { query, headers, ...more };
}

export function bytesOf(content) {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

function rowsOf(batch, keys) {
  const lines = new TextDecoder().decode(Uint8Array.from(batch.data)).split("\n");
  const rows = lines.filter((line) => line !== "");
  if (rows.length !== keys.length) throw ConnectorError.bug(`${rows.length} rows came with ${keys.length} keys`);
  return { stream: batch.stream, rows, keys };
}

function answerOf(response) {
  return { ...response, body: new TextDecoder().decode(Uint8Array.from(response.body)) };
}

/** What comes back of a call or an inquiry. The engine hands over a Uint32Array, whose `map` makes no other lists. */
function remembered({ rows, context }) {
  return { rows: Array.from(rows), context: context == null ? undefined : JSON.parse(context) };
}

function textOf(value) {
  return value === undefined ? undefined : JSON.stringify(value);
}

function streamInfo(stream) {
  const { name, schema, primaryKey = [], cursorField, full = true, incremental = false, partitioned = false } = stream;
  const modes = [...(full ? ["full"] : []), ...(incremental ? ["incremental"] : [])];
  return { name, schema: JSON.stringify(schema), primaryKey, cursorField, modes, partitioned };
}

/** `state` is the last checkpoint: of this partition in `read`, of those of earlier runs in `partitions`. */
function selection({ stream, mode, partition, state }) {
  const last = state == null ? undefined : JSON.parse(state);
  return {
    stream,
    incremental: mode === "incremental",
    partition: partition == null ? undefined : JSON.parse(partition),
    checkpoint: last ?? undefined,
    checkpoints: last == null ? [] : [last].flat(),
  };
}

function toContract(call) {
  const { method, path, query, headers, body, rows, idempotencyKey, context } = asCall(call);
  return { method, path, query, headers, body: bytesOf(body), rows, idempotencyKey, context: textOf(context) };
}

function outcomeOf(row, outcome) {
  const [[tag, val]] = Object.entries(outcome);
  switch (tag) {
    case "delivered":
      return { tag, val: { ...val, detail: textOf(val.detail) } };
    case "rejected":
      return { tag, val };
    case "retry":
      return { tag, val: { ...val, kind: val.kind.replace("_", "-") } };
    default:
      throw ConnectorError.bug(`settle answered "${tag}" for row ${row}`);
  }
}

function findingOf(row, finding) {
  const [[tag, val]] = Object.entries(finding);
  switch (tag) {
    case "there":
      return { tag, val: { ...val, detail: textOf(val.detail) } };
    case "absent":
      return { tag };
    case "unclear":
      return { tag, val: val.message };
    case "later":
      return { tag, val };
    default:
      throw ConnectorError.bug(`judge answered "${tag}" for row ${row}`);
  }
}

function answered(tell, work) {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof ConnectorError) throw record(thrown);
    tell(`${thrown}\n${thrown?.stack ?? ""}`);
    throw record(ConnectorError.bug(String(thrown)));
  }
}

function record({ kind, code, message, field, retryAfterMs }) {
  return { kind: kind.replace("_", "-"), code, message, field, retryAfterMs };
}
