// Tests of the capability `output` over the host in memory: plain Node, as kit.test.js

import assert from "node:assert/strict";
import test from "node:test";

import "../src/testing_register.js";
import { object } from "../src/config.js";
import { source } from "../src/index.js";
import { Host } from "../src/testing.js";

// behind the hooks that lead the contract to the host in memory
const { checkpoint, emit, flush } = await import("../src/output.js");

test("a flush waits for the checkpoints before it", () => {
  const read = () => {
    flush();
    emit("orders", [{ id: 1 }, { id: 2 }]);
    checkpoint({ done: false });
    checkpoint({ done: true });
    flush();
  };
  const out = new Host().read(source({ config: object({}), read }), {}, "orders");
  assert.deepEqual(out.checkpoints, [{ done: false }, { done: true }]);
  assert.deepEqual(out.flushed, [0, 2]);
});
