// Orders of a paged JSON API. Each answer has rows and a token for the next page; the rows stay in the host.
//
// A partition is the stream from a change on. A checkpoint after each page holds the token, so a crash repeats one
// page; the newest change seen is where the next incremental run starts, that instant included.

import { ConnectorError, failed, integer, object, passed, source, text } from "@tributary/connector";
import { connection } from "@tributary/connector/connections";
import { get } from "@tributary/connector/http";
import * as log from "@tributary/connector/log";
import { checkpoint } from "@tributary/connector/output";
import { decode } from "@tributary/connector/rows";

const STREAM = "orders";
const CONNECTION = "api";

const config = object({
  path: text({
    title: "path",
    description: "Below the connection's base address.",
    minLength: 1,
    default: "api/orders",
  }),
  page_size: integer({ title: "rows of one page", minimum: 1, maximum: 500, default: 200 }),
});

function check(config) {
  try {
    const { rows, label } = ask(config, {});
    const count = rows.pluck("/id").length;
    rows.close();
    return [passed("first page", `${label} answers with ${count} rows`)];
  } catch (error) {
    if (error instanceof ConnectorError) return [failed("first page", error)];
    throw error;
  }
}

function discover() {
  const properties = { id: { type: "string" }, updated_at: { type: "string" } };
  const schema = { type: "object", required: ["id"], properties };
  return [{ name: STREAM, schema, primaryKey: ["id"], cursorField: "/updated_at", incremental: true }];
}

function partitions(config, selection) {
  checkStream(selection);
  const newest = selection.checkpoints.filter((place) => place.done).map((place) => place.newest ?? place.since);
  const since = newest.filter((value) => value).sort().at(-1) ?? null;
  return [{ since: selection.incremental ? since : null }];
}

function read(config, selection) {
  checkStream(selection);
  const { since } = selection.partition;
  const last = selection.checkpoint;
  let place = last && last.since === since ? last : { since, cursor: null, newest: since, done: false };
  while (!place.done) {
    const { rows, label } = ask(config, place);
    const token = rows.probe("/next_cursor") ?? null;
    if (token !== null && token === place.cursor) {
      throw ConnectorError.data(`${label}: the API leads in a circle: the next page is this one`, "source_protocol");
    }
    const changes = rows.pluck("/updated_at").filter((value) => value);
    const count = rows.pipeAll(STREAM);
    const newest = [...changes, place.newest].filter((value) => value).sort().at(-1) ?? null;
    place = { since, cursor: token, newest, done: token === null };
    checkpoint(place);
    log.info("page", { request: label, rows: count });
  }
}

/** One page, and how people call it. */
function ask(config, { cursor, since }) {
  const query = { limit: config.page_size, cursor, updated_since: since };
  const answer = get(connection(CONNECTION), config.path, query).ok();
  return { rows: decode(answer.body, "json", { source: answer.label, records: "/orders" }), label: answer.label };
}

function checkStream({ stream }) {
  if (stream !== STREAM) throw new ConnectorError("not_found", `there is the stream "${STREAM}", not "${stream}"`);
}

export default source({ config, check, discover, partitions, read });
