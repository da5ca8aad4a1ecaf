// Tests of targets, of those that can be asked, and of those with a last word: plain Node, as kit.test.js

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test from "node:test";

import { derive, exportsOf, load, Refused } from "../building/manifest.js";
import { object, text } from "../src/config.js";
import { conclusionOf, lookupOf } from "../src/exports.js";
import { allRows, ConnectorError, retryAfterMs, source, target } from "../src/index.js";
import { Host } from "../src/testing.js";

const config = object({ path: text({ default: "invoices" }) });

const plain = {
  config,
  check: () => [],
  prepare: ({ path }, { rows, keys }) =>
    rows.map((body, number) => ({ path, body, rows: [number], idempotencyKey: keys[number], context: { number } })),
  settle: (_, call, { status }) =>
    allRows(call, { delivered: { externalId: String(call.context.number), detail: { status } } }),
};

function judge(_, inquiry, { status, headers }) {
  const said = {
    200: { there: { externalId: inquiry.context, detail: { number: 1.5 } } },
    404: { absent: true },
    429: { later: { message: "busy", retryAfterMs: retryAfterMs(headers) } },
    500: { gone: {} },
  };
  if (status === 401) throw new ConnectorError("auth", "no");
  return allRows(inquiry, said[status] ?? { unclear: { message: "another" } });
}

const asking = {
  inquire: ({ path }, { keys }) =>
    keys.map((key, number) => ({ path: `${path}/${key}`, rows: [number], context: key })),
  judge,
};
const concluding = { conclude: (_, run, written) => [{ path: `${run}.json`, content: JSON.stringify(written) }] };
const full = target({ ...plain, ...asking, ...concluding });

test("a target is tried as the platform uses it", () => {
  const host = new Host({ answer: () => [201, {}, ""] });
  const outcomes = host.deliver(target(plain), { path: "x" }, ['{"a":1.10}', { a: 2 }]);
  assert.deepEqual([...outcomes], [0, 1].map((row) => {
    return [row, { delivered: { externalId: String(row), detail: { status: 201 } } }];
  }));
  const sent = host.requests.map(({ method, path, headers, body }) => {
    return [method, path, headers["idempotency-key"], new TextDecoder().decode(body)];
  });
  assert.deepEqual(sent, [["POST", "x", "key-0", '{"a":1.10}'], ["POST", "x", "key-1", '{"a":2}']]);
  assert.throws(() => host.deliver(target(plain), { paht: "x" }, []), { kind: "config", field: "/config/paht" });
});

test("a target is asked", () => {
  const statuses = { "invoices/key-0": 200, "invoices/key-1": 404, "invoices/key-2": 429, "invoices/key-3": 302 };
  const host = new Host({ answer: ({ path }) => [statuses[path], { "retry-after": "7" }, ""] });
  const found = host.ask(full, {}, [{}, {}, {}, {}]);
  assert.deepEqual([...found.values()], [
    { there: { externalId: "key-0", detail: { number: 1.5 } } },
    { absent: true },
    { later: { message: "busy", retryAfterMs: 7000 } },
    { unclear: { message: "another" } },
  ]);
  const asked = host.requests.map(({ method, headers }) => `${method} ${headers.accept}`);
  assert.deepEqual(asked, Array(4).fill("GET application/json"));
});

test("rows that are left out or told twice fail the test", () => {
  const host = new Host();
  const forgetful = target({
    ...plain,
    prepare: () => [{ path: "x", body: "", rows: [1] }],
    inquire: () => [{ path: "x", rows: [0, 1] }, { path: "y", rows: [1] }],
    judge: () => [],
  });
  assert.throws(() => host.prepare(forgetful, {}, [{}, {}]), assert.AssertionError);
  assert.throws(() => host.inquire(forgetful, {}, [{}, {}]), assert.AssertionError);
  const answer = { status: 200, headers: [], body: "" };
  assert.throws(() => host.judge(forgetful, {}, { path: "x", rows: [0] }, answer), assert.AssertionError);
});

test("a last word is asked for", () => {
  const [document] = new Host().conclude(full, {}, [{ externalId: "a", rows: 2 }], "run_7");
  assert.deepEqual(document, { path: "run_7.json", content: '[{"externalId":"a","rows":2}]' });
});

const never = () => assert.fail("nothing was to be told");

test("inquiries and findings cross as the contract wants them", () => {
  const lookup = lookupOf(full, never);
  const data = new TextEncoder().encode('{"n":1}\n');
  const inquiries = lookup.inquire("{}", { stream: "s", data }, ["k"]);
  const headers = [["accept", "application/json"]];
  assert.deepEqual(inquiries, [{ path: "invoices/k", query: [], headers, rows: [0], context: '"k"' }]);
  const given = { ...inquiries[0], rows: Uint32Array.of(0) };
  const judged = (status) => {
    const answer = { status, headers: [["Retry-After", "2"]], body: new Uint8Array() };
    return lookup.judge("{}", given, answer);
  };
  const there = { externalId: "k", detail: '{"number":1.5}' };
  assert.deepEqual(judged(200), [{ row: 0, finding: { tag: "there", val: there } }]);
  assert.deepEqual(judged(404), [{ row: 0, finding: { tag: "absent" } }]);
  assert.deepEqual(judged(302), [{ row: 0, finding: { tag: "unclear", val: "another" } }]);
  assert.deepEqual(judged(429), [{ row: 0, finding: { tag: "later", val: { message: "busy", retryAfterMs: 2000 } } }]);
  assert.throws(() => judged(401), { kind: "auth" });
  assert.throws(() => judged(500), { kind: "bug", message: 'judge answered "gone" for row 0' });
});

test("a last word crosses as the contract wants it", () => {
  const written = [{ externalId: "a", rows: 2n, detail: '{"x":1}' }, { externalId: "b", rows: 1n }];
  const [document] = conclusionOf(full, never).conclude("{}", "run_7", written);
  assert.equal(document.path, "run_7.json");
  const said = '[{"externalId":"a","rows":2,"detail":{"x":1}},{"externalId":"b","rows":1}]';
  assert.equal(new TextDecoder().decode(document.content), said);
});

test("what is exported is what the target has", () => {
  assert.deepEqual(exportsOf(target(plain)), ["base", "target"]);
  assert.deepEqual(exportsOf(target({ ...plain, ...asking })), ["base", "target", "lookup"]);
  assert.deepEqual(exportsOf(full), ["base", "target", "lookup", "conclusion"]);
});

test("half of an interface is refused with what is missing", () => {
  const { settle: _, ...unsettled } = plain;
  const read = { config, check: () => [], discover: () => [], read: () => {} };
  for (const [connector, words] of [
    [target({ ...plain, inquire: asking.inquire }), /has inquire and lacks judge/],
    [target({ ...plain, judge }), /has judge and lacks inquire/],
    [target(unsettled), /target\(.*\) lacks settle/],
    [source({ ...read, ...concluding }), /has conclude, which is for targets/],
  ]) {
    assert.throws(() => exportsOf(connector), (error) => error instanceof Refused && words.test(error.message));
  }
});

test("a target that is to be asked and can't be is refused", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kit-test-"));
  const written = (delivery, more) => {
    const manifest = { contract: "tributary:connector@0.1.0", roles: ["api_target"], delivery };
    fs.writeFileSync(path.join(folder, "connector.json"), JSON.stringify(manifest));
    const parts = `config: object({}), check, prepare, settle, ${more}`;
    fs.writeFileSync(
      path.join(folder, "connector.js"),
      `import { object, target } from "@tributary/connector";
      const [check, prepare, settle, inquire, judge] = Array(5).fill(() => []);
      export default target({ ${parts} });`,
    );
    return derive(folder, load(folder));
  };
  const late = { capability: "idempotency_key", lookup_after_window: true };
  await assert.rejects(written({ capability: "lookup" }, ""), /the delivery capability "lookup" needs a target/);
  await assert.rejects(written(late, ""), /"lookup_after_window" needs a target that can be asked/);
  await assert.rejects(written(late, "inquire"), /has inquire and lacks judge/);
  assert.deepEqual((await written(late, "inquire, judge")).exported, ["base", "target", "lookup"]);
  fs.rmSync(folder, { recursive: true });
});
