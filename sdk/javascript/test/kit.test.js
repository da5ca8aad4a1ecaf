// Tests of the kit in plain Node: npm test in sdk/javascript

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test from "node:test";

import * as component from "../building/component.js";
import { load, Refused } from "../building/manifest.js";
import * as world from "../building/world.js";
import { choice, integer, list, map, object, optional, parse, schemaOf, text } from "../src/config.js";
import { ConnectorError, source } from "../src/index.js";
import { baseOf, sourceOf, targetOf } from "../src/exports.js";

const CONFIG = object({
  folder: text(),
  sizes: list(integer(), { maxItems: 2, default: [] }),
  names: map(object({ delimiter: text({ minLength: 1, default: "," }) }), { default: {} }),
  mode: choice(["all", "new"], { default: "all" }),
  limit: optional(integer({ minimum: 1 })),
});

test("the schema says what is read", () => {
  const schema = schemaOf(CONFIG);
  assert.deepEqual(schema.required, ["folder"]);
  assert.deepEqual(schema.properties.mode, { enum: ["all", "new"], default: "all" });
  const read = parse(CONFIG, '{"folder": "/in", "names": {"a": {}}}');
  const expected = { folder: "/in", sizes: [], names: { a: { delimiter: "," } }, mode: "all", limit: undefined };
  assert.deepEqual(read, expected);
});

test("what does not fit is refused at its place", () => {
  for (const [given, field] of [
    ["[]", "/config"],
    ["{", "/config"],
    ["{}", "/config/folder"],
    ['{"folder": 1}', "/config/folder"],
    ['{"folder": "x", "sizes": [1, "2"]}', "/config/sizes/1"],
    ['{"folder": "x", "sizes": [1.5]}', "/config/sizes/0"],
    ['{"folder": "x", "sizes": [1, 2, 3]}', "/config/sizes"],
    ['{"folder": "x", "names": {"a/b": {"delimiter": ""}}}', "/config/names/a~1b/delimiter"],
    ['{"folder": "x", "mode": "old"}', "/config/mode"],
    ['{"folder": "x", "limit": 0}', "/config/limit"],
    ['{"folder": "x", "fodler": "y"}', "/config/fodler"],
  ]) {
    assert.throws(() => parse(CONFIG, given), { kind: "config", field }, given);
  }
});

const never = () => assert.fail("nothing was to be told");

test("nothing that a connector throws traps", () => {
  const refusing = (error) => source({ config: object({}), check: () => { throw error; } });
  const told = [];
  const check = (error, tell) => baseOf(refusing(error), tell).check("{}");
  assert.throws(() => check(ConnectorError.rateLimited("later", 5), never), { kind: "rate-limited", retryAfterMs: 5 });
  assert.throws(() => check(new TypeError("x"), (text) => told.push(text)), { kind: "bug", message: "TypeError: x" });
  assert.match(told[0], /TypeError: x\n.*kit\.test\.js/s);
});

test("states reach the connector as values", () => {
  let seen;
  const read = (_, selection) => void (seen = selection);
  const exported = sourceOf(source({ config: object({}), read }), never);
  exported.read("{}", { stream: "s", mode: "incremental", partition: '{"a":1}', state: '[{"b":2}]' });
  assert.deepEqual([seen.incremental, seen.partition, seen.checkpoints], [true, { a: 1 }, [{ b: 2 }]]);
  exported.read("{}", { stream: "s", mode: "full" });
  assert.deepEqual([seen.incremental, seen.partition, seen.checkpoint, seen.checkpoints], [false, undefined, undefined, []]);
  assert.deepEqual(exported.partitions("{}", { stream: "s", mode: "full" }), ['{"stream":"s"}']);
});

test("a target's rows and outcomes cross as the contract wants them", () => {
  const prepare = (_, { rows, keys }) => [{ path: "x", body: rows.join(), rows: [0, 1], context: { keys } }];
  const settle = (_, call) => new Map(call.rows.map((row) => [row, { retry: { kind: "rate_limited", message: "m" } }]));
  const exported = targetOf({ config: object({}), prepare, settle }, never);
  const data = new TextEncoder().encode('{"a":1.10}\n{"a":2}\n');
  const [call] = exported.prepare("{}", { stream: "s", data }, ["k", "l"]);
  assert.equal(new TextDecoder().decode(call.body), '{"a":1.10},{"a":2}');
  assert.equal(call.context, '{"keys":["k","l"]}');
  assert.throws(() => exported.prepare("{}", { stream: "s", data }, ["k"]), { kind: "bug" });
  const answer = { status: 429, headers: [], body: new Uint8Array() };
  const outcomes = exported.settle("{}", { ...call, rows: Uint32Array.of(0, 1) }, answer);
  assert.deepEqual(outcomes.map(({ row, outcome }) => [row, outcome.tag, outcome.val.kind]), [
    [0, "retry", "rate-limited"],
    [1, "retry", "rate-limited"],
  ]);
});

test("imports are the capabilities and exports what there is", () => {
  const lines = world.text({ capabilities: ["log", "http"] }, ["base", "target", "lookup"]).split("\n");
  const found = lines.filter((line) => line.includes("port ")).map((line) => line.trim().replace(/tributary:connector\/|@.*/g, ""));
  assert.deepEqual(found, ["import log", "import http", "export base", "export target", "export lookup"]);
});

test("imports are read and strangers refused", () => {
  const named = (text) => [text.length, ...Buffer.from(text)];
  const importing = (...names) => {
    const entries = names.flatMap((name) => [0, ...named(name), 5, 0]);
    const preamble = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];
    return Buffer.from([...preamble, 10, entries.length + 1, names.length, ...entries]);
  };
  const own = importing("tributary:connector/types@0.1.0", "tributary:connector/http@0.1.0");
  assert.deepEqual(component.capabilities(own), ["http"]);
  assert.deepEqual(component.capabilities(component.withManifest(own, { name: "x".repeat(300) })), ["http"]);
  assert.throws(() => component.capabilities(importing("wasi:cli/exit@0.2.0")), /wasi/);
  assert.throws(() => component.imports(Buffer.from("no")), /no WebAssembly component/);
});

test("a manifest without one known role is refused", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kit-test-"));
  assert.throws(() => load(folder), Refused);
  for (const roles of [[], ["mapping_function"], ["source", "api_target"]]) {
    const text = JSON.stringify({ contract: "tributary:connector@0.1.0", roles });
    fs.writeFileSync(path.join(folder, "connector.json"), text);
    assert.throws(() => load(folder), Refused);
  }
  fs.rmSync(folder, { recursive: true });
});
