import assert from "node:assert/strict";
import test from "node:test";

import connector from "./connector.js";

const CONFIG = { path: "items", ping: "ping" };
const CALL = { path: "items", headers: [], body: "", rows: [0] };
const settled = (status, body, headers = []) => connector.settle(CONFIG, CALL, { status, headers, body }).get(0);

test("each row goes unchanged under its key, the same every time", () => {
  const batch = { stream: "items", rows: ['{"amount":1.10}', '{"amount":2}'], keys: ["a", "b"] };
  const calls = connector.prepare(CONFIG, batch);
  assert.deepEqual(calls.map(({ body, rows, idempotencyKey }) => [body, rows, idempotencyKey]), [
    ['{"amount":1.10}', [0], "a"],
    ['{"amount":2}', [1], "b"],
  ]);
  assert.deepEqual(connector.prepare(CONFIG, batch), calls);
});

test("every answer has an outcome", () => {
  assert.equal(settled(201, '{"id": 7}').delivered.externalId, "7");
  assert.equal(settled(400, '{"error": {"code": "Bad", "message": "no"}}').rejected.code, "Bad");
  assert.equal(settled(422, "<html>").rejected.code, "http_422");
  assert.equal(settled(429, "", [["retry-after", "2"]]).retry.retryAfterMs, 2000);
  assert.equal(settled(500, "").retry.kind, "transient");
  for (const body of ["", "<html>", '{"id": 1', "[]"]) assert.throws(() => settled(200, body), { code: "target_answer" });
  assert.throws(() => settled(401, ""), { kind: "auth" });
});
