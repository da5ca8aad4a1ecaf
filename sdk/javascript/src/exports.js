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
        const lines = new TextDecoder().decode(Uint8Array.from(batch.data)).split("\n");
        const rows = lines.filter((line) => line !== "");
        if (rows.length !== keys.length) throw ConnectorError.bug(`${rows.length} rows came with ${keys.length} keys`);
        const calls = connector.prepare(parse(connector.config, config), { stream: batch.stream, rows, keys });
        return [...calls].map(toContract);
      }),
    settle: (config, call, response) =>
      answered(tell, () => {
        const body = new TextDecoder().decode(Uint8Array.from(response.body));
        const context = call.context == null ? undefined : JSON.parse(call.context);
        // the engine hands over a Uint32Array, whose `map` makes no other lists
        const given = { ...call, body: "", rows: Array.from(call.rows), context };
        const found = connector.settle(parse(connector.config, config), given, { ...response, body });
        return [...found].map(([row, outcome]) => ({ row, outcome: outcomeOf(row, outcome) }));
      }),
  };
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
  const { method = "POST", path, query = [], headers = [["content-type", "application/json"]], body, rows } = call;
  return {
    method,
    path,
    query,
    headers,
    body: typeof body === "string" ? new TextEncoder().encode(body) : body,
    rows,
    idempotencyKey: call.idempotencyKey,
    context: call.context === undefined ? undefined : JSON.stringify(call.context),
  };
}

function outcomeOf(row, outcome) {
  const [[tag, val]] = Object.entries(outcome);
  switch (tag) {
    case "delivered":
      return { tag, val: { ...val, detail: val.detail === undefined ? undefined : JSON.stringify(val.detail) } };
    case "rejected":
      return { tag, val };
    case "retry":
      return { tag, val: { ...val, kind: val.kind.replace("_", "-") } };
    default:
      throw ConnectorError.bug(`settle answered "${tag}" for row ${row}`);
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
