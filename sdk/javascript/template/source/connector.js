// {{name}}: items of a paged JSON API. Each answer has rows and a token for the next page; the rows stay in the host.
// A checkpoint after each page holds the token, so a crash repeats one page.

import { ConnectorError, failed, integer, object, passed, source, text } from "@tributary/connector";
import { connection } from "@tributary/connector/connections";
import { get } from "@tributary/connector/http";
import * as log from "@tributary/connector/log";
import { checkpoint } from "@tributary/connector/output";
import { decode } from "@tributary/connector/rows";

const STREAM = "items";

const config = object({
  path: text({ title: "path below the connection's address", minLength: 1, default: "items" }),
  page_size: integer({ title: "rows of one page", minimum: 1, maximum: 1000, default: 100 }),
});

function check(config) {
  try {
    const { rows, label } = ask(config, null);
    const count = rows.pluck("/id").length;
    rows.close();
    return [passed("first page", `${label} answers with ${count} rows`)];
  } catch (error) {
    if (error instanceof ConnectorError) return [failed("first page", error)];
    throw error;
  }
}

function discover() {
  const schema = { type: "object", required: ["id"], properties: { id: { type: "string" } } };
  return [{ name: STREAM, schema, primaryKey: ["id"] }];
}

function read(config, selection) {
  if (selection.stream !== STREAM) throw new ConnectorError("not_found", `there is only the stream "${STREAM}"`);
  let { cursor, done } = selection.checkpoint ?? { cursor: null, done: false };
  while (!done) {
    const { rows, label } = ask(config, cursor);
    const next = rows.probe("/next_cursor") ?? null;
    if (next !== null && next === cursor) throw ConnectorError.data(`${label}: the next page is this one`);
    const count = rows.pipeAll(STREAM);
    cursor = next;
    done = next === null;
    checkpoint({ cursor, done });
    log.info("page", { request: label, rows: count });
  }
}

/** One page, and how people call it. */
function ask(config, cursor) {
  const answer = get(connection("api"), config.path, { limit: config.page_size, cursor }).ok();
  return { rows: decode(answer.body, "json", { source: answer.label, records: "/items" }), label: answer.label };
}

export default source({ config, check, discover, read });
