// The examples that are targets, with the answers of their own cases: plain Node, as kit.test.js

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";

import { evaluated } from "../building/bundle.js";
import { exportsOf } from "../building/manifest.js";
import { Host } from "../src/testing.js";

const INVOICES = path.resolve(fileURLToPath(import.meta.url), "../../examples/invoices");
const { default: connector } = await evaluated(INVOICES);
const CASE = JSON.parse(fs.readFileSync(path.join(INVOICES, "cases/invoices.json"), "utf8"));
const CONFIG = CASE.connection.config;
const ROWS = CASE.batch.rows;

/** Answers as the case's cassette does. */
function answer({ method, path, query, body }) {
  const sent = body && JSON.parse(new TextDecoder().decode(body));
  const fits = ({ request }) => {
    const same = request.method === method && request.path === path;
    const told = request.body === undefined || JSON.stringify(JSON.parse(request.body)) === JSON.stringify(sent);
    return same && told && JSON.stringify(Object.fromEntries(request.query ?? [])) === JSON.stringify(query);
  };
  const { response } = CASE.cassette.http.find(fits);
  return [response.status, Object.fromEntries(response.headers), response.body];
}

test("invoices are made, asked for and listed", () => {
  const host = new Host({ answer });
  const detail = { id: "inv-1", number: "I-1", total: "10.50" };
  assert.deepEqual([...host.deliver(connector, CONFIG, ROWS).values()], [
    { delivered: { externalId: "inv-1", detail } },
    { rejected: { code: "TOTAL", message: "no total below 0" } },
    { rejected: { code: "NUMBER_TAKEN", message: "I-3 is there" } },
  ]);
  assert.deepEqual([...host.ask(connector, CONFIG, ROWS).values()], [
    { there: { externalId: "inv-1", detail: { ...detail, total: "10.5" } } },
    { absent: true },
    { unclear: { message: "I-3 is there, but not as one invoice with the total 7" } },
  ]);
  const [listed] = host.conclude(connector, CONFIG, [{ externalId: "inv-1", rows: 1, detail }], "run_7");
  const content = '{"run":"run_7","invoices":[{"id":"inv-1","number":"I-1"}]}';
  assert.deepEqual(listed, { path: "v1/imports/run_7", content });
  assert.deepEqual(exportsOf(connector), ["base", "target", "lookup", "conclusion"]);
});

test("only an empty list says that an invoice is not there", () => {
  const ask = (status, body, row = { number: "I-1", total: 1 }) => {
    const host = new Host({ answer: () => [status, {}, body] });
    return Object.keys(host.ask(connector, CONFIG, [row]).get(0))[0];
  };
  const ours = { id: 1, total: "1.00" };
  for (const [status, body, word] of [
    [200, { items: [ours] }, "there"],
    [200, { items: [] }, "absent"],
    [200, { items: [ours, ours] }, "unclear"],
    [200, { items: [{ id: 1, total: null }] }, "unclear"],
    [404, {}, "unclear"],
    [503, {}, "later"],
  ]) {
    assert.equal(ask(status, JSON.stringify(body)), word, JSON.stringify(body));
  }
  assert.throws(() => ask(200, "<html>"), { code: "target_answer" });
  assert.equal(ask(200, '{"items": []}', { total: 1 }), "unclear");
});
