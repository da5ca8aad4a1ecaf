import assert from "node:assert/strict";
import test from "node:test";

import { ConnectorError } from "@tributary/connector";
import { Host } from "@tributary/connector/testing";
import connector from "./connector.js";

const CONFIG = { page_size: 2 };
const ITEMS = ["1", "2", "3", "4", "5"].map((id) => ({ id }));

/** Pages of two. */
function answer({ query }) {
  const at = Number(query.cursor ?? 0);
  const next = at + 2 < ITEMS.length ? String(at + 2) : null;
  return [200, {}, JSON.stringify({ items: ITEMS.slice(at, at + 2), next_cursor: next })];
}

test("all pages are read, with a checkpoint after each", () => {
  const { rows, covered } = new Host({ answer }).read(connector, CONFIG, "items");
  assert.deepEqual(rows, ITEMS);
  assert.deepEqual(covered, [2, 4, 5]);
});

test("a crash at any row loses none", () => {
  for (let crash = 0; crash < ITEMS.length; crash += 1) {
    const host = new Host({ answer });
    host.breakAfter = crash;
    assert.throws(() => host.read(connector, CONFIG, "items"), ConnectorError);
    const { checkpoints, covered, rows } = host.out;
    const kept = rows.slice(0, covered.at(-1) ?? 0);
    host.breakAfter = Infinity;
    const again = host.read(connector, CONFIG, "items", { checkpoint: checkpoints.at(-1) });
    assert.deepEqual([...kept, ...again.rows], ITEMS);
  }
});

test("what the API refuses becomes an error of the right kind", () => {
  for (const [status, kind] of [[401, "auth"], [404, "not_found"], [429, "rate_limited"], [503, "transient"]]) {
    const host = new Host({ answer: () => [status, {}, "no"] });
    assert.throws(() => host.read(connector, CONFIG, "items"), { kind });
  }
  const refused = (config) => () => new Host({ answer }).read(connector, config, "items");
  assert.throws(refused({ page_size: 0 }), { kind: "config", field: "/config/page_size" });
  assert.throws(refused({ pagesize: 5 }), { kind: "config", field: "/config/pagesize" });
});
