// Tests of the capability `changes` over the host in memory: plain Node, as kit.test.js

import assert from "node:assert/strict";
import test from "node:test";

import "../src/testing_register.js";
import { object } from "../src/config.js";
import { source } from "../src/index.js";
import { Host } from "../src/testing.js";

// behind the hooks that lead the contract to the host in memory
const changes = await import("../src/changes.js");
const metrics = await import("../src/metrics.js");
const { connection } = await import("../src/connections.js");
const { checkpoint } = await import("../src/output.js");

const LOG = { slot: "slot", publication: "publication" };
const ORDERS = { table: "orders", key: ["id"] };

const change = (position, op, row, table = "orders") => {
  return { _change_op: op, _change_table: table, _change_position: position, ...row };
};
const CHANGES = [
  change("0/10", "insert", { id: 1, note: "a" }),
  change("0/20", "update", { id: 1, note: "b" }),
  change("0/20", "insert", { id: 5 }, "items"),
  change("0/20", "insert", { id: 2, note: "c" }),
  change("0/30", "delete", { id: 1, note: null }),
];

/** Calls the host as a connector that is reading. */
function during(host, work) {
  let made;
  const read = () => {
    made = work(connection("db"));
  };
  host.read(source({ config: object({}), read }), {}, "orders");
  return made;
}

/** Reads as a connector does: a checkpoint after each page. */
function run(host, from, until, tables = [ORDERS]) {
  during(host, (db) => {
    const rows = changes.read(db, LOG, tables, from, until);
    while (!rows.pipe("orders").ended) checkpoint(rows.probe(changes.POSITION));
  });
  return host.out.rows.map((row) => [row._change_op, row.id]);
}

test("a log is read between its places", () => {
  const host = new Host({ log: CHANGES.slice(0, 1) });
  const from = during(host, (db) => changes.start(db, LOG));
  host.log.add(...CHANGES.slice(1));
  const until = during(host, (db) => changes.end(db, {}));
  assert.deepEqual([from, until], ["end-1", "end-5"]);
  assert.deepEqual(run(host, from, until), [["update", 1], ["insert", 2], ["delete", 1]]);
  // the first page has no row, and says from where it is
  assert.deepEqual(host.out.covered, [0, 1, 2, 3]);
  assert.deepEqual(host.out.checkpoints, ["end-1", "0/20", "0/20", "0/30"]);
  assert.equal(host.out.rows[0]._change_unchanged, null);
  // a place in a transaction is the place of the whole transaction
  assert.deepEqual(run(host, "0/20", "0/30"), [["update", 1], ["insert", 2]]);
  assert.deepEqual(run(host, until, until), []);
});

test("tables and columns are those that are asked for", () => {
  const host = new Host({ log: CHANGES });
  const tables = [{ ...ORDERS, schema: "public", columns: ["id"] }, { table: "items", key: ["id"] }];
  assert.equal(run(host, "0/10", "end-5", tables).length, 5);
  assert.ok(!("note" in host.out.rows[0]));
  assert.throws(() => run(host, "0/10", "end-5", [{ tabel: "orders" }]), { kind: "bug" });
  assert.throws(() => run(host, "0/10", "end-5", []), { kind: "bug" });
});

test("what was released is gone", () => {
  const host = new Host({ log: CHANGES });
  during(host, (db) => changes.release(db, LOG, "0/20"));
  assert.deepEqual([host.log.released, run(host, "0/20", "end-5").length], [["0/20"], 3]);
  for (const position of ["0/10", "end-0", "elsewhere", ""]) {
    assert.throws(() => run(host, position, "end-5"), { kind: "data", code: "changes_gone" });
  }
});

test("a test that gives no log or half a change is told", () => {
  assert.throws(() => run(new Host(), "0/10", "0/20"), { kind: "config" });
  assert.throws(() => new Host({ log: [{ id: 1, _change_op: "insert", _change_table: "orders" }] }), TypeError);
});

test("figures are told", () => {
  const host = new Host();
  during(host, () => metrics.count("pages", 2, { kind: "new" }));
  assert.deepEqual(host.figures, [{ name: "pages", kind: "counter", value: 2, labels: { kind: "new" } }]);
});
