// A host in memory, for an author's own tests:
//
//   const host = new Host({ answer: (request) => [200, {}, '{"orders": []}'] });
//   const { rows, checkpoints } = host.read(connector, { page_size: 2 }, "orders");
//   const outcomes = host.deliver(connector, {}, [{ number: "4711" }]);
//
// It decodes JSON, NDJSON and CSV as simple as can be; what the platform does with bad bytes is for
// `tributary connector test`. One row is one page: a test sees every place where a read may break.

import assert from "node:assert/strict";

import { parse } from "./config.js";
import { ConnectorError } from "./errors.js";
import { asCall, asInquiry, bytesOf } from "./exports.js";

let host;

export class Host {
  constructor({ answer, files = {}, queries = {}, log, server, baseUrl = "https://api.test/" } = {}) {
    this.answer = answer;
    this.files = files;
    /** Rows by statement; parameters are in `asked`. */
    this.queries = queries;
    this.asked = [];
    /** What `changes` is asked of. */
    this.log = log && new DatabaseLog(log);
    /** What comes after what was sent over a socket; after nothing: a greeting. */
    this.server = server;
    this.baseUrl = baseUrl;
    this.requests = [];
    this.lines = [];
    /** What `metrics` was told. */
    this.figures = [];
    this.nowMs = 1_790_000_000_000;
    this.stopping = false;
    /** Rows until the host says that they are not wanted any more: a crash at that place. */
    this.breakAfter = Infinity;
    this.out = { rows: [], checkpoints: [], covered: [], flushed: [] };
  }

  check(connector, config) {
    return [...this.#enter(connector).check(typed(connector, config))];
  }

  discover(connector, config) {
    return [...this.#enter(connector).discover(typed(connector, config))];
  }

  /** As at the start of a run; `states` are the checkpoints of earlier runs. */
  partitions(connector, config, stream, states) {
    const selection = { stream, incremental: states !== undefined, checkpoints: states ?? [] };
    return [...this.#enter(connector).partitions(typed(connector, config), selection)];
  }

  /** Reads a partition (the first if none is given), from a checkpoint on. */
  read(connector, config, stream, { partition, checkpoint } = {}) {
    const selection = {
      stream,
      incremental: false,
      partition: structuredClone(partition ?? this.partitions(connector, config, stream)[0]),
      checkpoint: structuredClone(checkpoint),
      checkpoints: [],
    };
    this.out = { rows: [], checkpoints: [], covered: [], flushed: [] };
    this.#enter(connector).read(typed(connector, config), selection);
    return this.out;
  }

  /**
   * The calls for rows, which are JSON values, or texts as they come; their keys are `key-0`, `key-1` and so on.
   */
  prepare(connector, config, rows) {
    const calls = [...this.#enter(connector).prepare(typed(connector, config), batchOf(rows))].map(asCall);
    eachOnce("prepare", calls.flatMap((call) => call.rows), [...rows.keys()]);
    return calls;
  }

  /** The outcome of each row of a call. */
  settle(connector, config, call, response) {
    const given = { ...asCall(call), body: "", context: throughText(call.context) };
    const found = [...this.#enter(connector).settle(typed(connector, config), given, response)];
    eachOnce("settle", found.map(([row]) => row), call.rows);
    return new Map(found);
  }

  /** Prepares rows, sends each call once to `answer`, and settles: the outcome of each row. */
  deliver(connector, config, rows) {
    const settled = this.prepare(connector, config, rows).flatMap((call) => {
      const key = call.idempotencyKey === undefined ? [] : [["idempotency-key", call.idempotencyKey]];
      const sent = { ...call, headers: [...call.headers, ...key], body: bytesOf(call.body) };
      return [...this.settle(connector, config, call, this.#sent(sent))];
    });
    return new Map(settled.sort(([one], [other]) => one - other));
  }

  /** The inquiries for rows, which have the keys that `prepare` gives them. */
  inquire(connector, config, rows) {
    const inquiries = [...this.#enter(connector).inquire(typed(connector, config), batchOf(rows))].map(asInquiry);
    eachOnce("inquire", inquiries.flatMap((inquiry) => inquiry.rows), [...rows.keys()]);
    return inquiries;
  }

  /** The finding for each row of an inquiry. */
  judge(connector, config, inquiry, answer) {
    const given = { ...asInquiry(inquiry), context: throughText(inquiry.context) };
    const found = [...this.#enter(connector).judge(typed(connector, config), given, answer)];
    eachOnce("judge", found.map(([row]) => row), inquiry.rows);
    return new Map(found);
  }

  /** Asks `answer` for rows, as the platform does before it sends again: the finding for each. */
  ask(connector, config, rows) {
    const judged = this.inquire(connector, config, rows).flatMap((inquiry) => {
      return [...this.judge(connector, config, inquiry, this.#sent({ ...inquiry, method: "GET" }))];
    });
    return new Map(judged.sort(([one], [other]) => one - other));
  }

  /** The documents at the end of a run. */
  conclude(connector, config, written, run = "run_1") {
    return [...this.#enter(connector).conclude(typed(connector, config), run, written)];
  }

  handOver(rows) {
    if (this.out.rows.length + rows.length > this.breakAfter) {
      throw fault("cancelled", "the rows are not wanted any more");
    }
    this.out.rows.push(...rows);
  }

  #sent({ method, path, query, headers, body }) {
    const asked = { method, path, query: Object.fromEntries(query), headers: Object.fromEntries(headers), body };
    this.requests.push(asked);
    if (!this.answer) throw ConnectorError.transient("the test gave the host no answer", "connection_unreachable");
    const [status, answered, said] = this.answer(asked);
    return { status, headers: Object.entries(answered), body: said };
  }

  #enter(connector) {
    host = this;
    return connector;
  }
}

/**
 * Changes of a database in the order of their commits: rows with `_change_op`, `_change_table` and `_change_position`,
 * which those of one transaction share. Its end after n changes is the position `end-n`.
 */
export class DatabaseLog {
  #first = 0;

  constructor(changes) {
    this.changes = [];
    /** Positions that a connector gave free; what comes before the last is gone. */
    this.released = [];
    this.add(...changes);
  }

  /** What happens next. */
  add(...changes) {
    for (const change of changes) {
      for (const name of ["_change_op", "_change_table", "_change_position"]) {
        const told = JSON.stringify(change);
        if (typeof change[name] !== "string") throw new TypeError(`a change needs ${name}: ${told}`);
      }
      this.changes.push({ _change_time: "2026-01-02T03:04:05Z", _change_unchanged: null, ...change });
    }
  }

  end() {
    return `end-${this.changes.length}`;
  }

  between(from, until) {
    return this.changes.slice(this.#place(from), this.#place(until));
  }

  release(until) {
    this.#first = Math.max(this.#first, this.#place(until));
    this.released.push(until);
  }

  /** How many changes come before it. */
  #place(position) {
    const places = [...this.changes.keys(), this.changes.length];
    const isIt = (place) => position === `end-${place}` || position === this.changes[place]?._change_position;
    const found = places.find(isIt) ?? -1;
    if (found >= this.#first) return found;
    throw fault("data", `the log does not have the position "${position}" (any more)`, "changes_gone");
  }
}

/** What the contract answers from; for `testing_contract.js`. */
export function current() {
  return host;
}

/** An error as the host throws it. */
export function fault(kind, message, code) {
  return { payload: { kind, message, code } };
}

/** The rows of some bytes, each with where the next one starts. */
export function cut({ data, origin }, format, options) {
  const text = new TextDecoder(options.encoding ?? "utf-8").decode(data);
  if (format === "json") {
    const document = JSON.parse(text);
    const found = pointed(document, options.records ?? "") ?? [];
    const rows = found.map((row, number) => ({ row, place: { line: BigInt(number + 2), offset: BigInt(data.length) } }));
    return { document, rows, end: { line: 1n, offset: BigInt(data.length) } };
  }
  return lines(text, origin, format, options);
}

function lines(text, origin, format, options) {
  let columns = format === "csv" ? (options.columns ?? []) : undefined;
  let header = format === "csv" && options.header !== false;
  const end = { line: BigInt(options.start?.line ?? 1), offset: BigInt(origin) };
  const rows = [];
  for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    end.line += 1n;
    end.offset += BigInt(new TextEncoder().encode(line).length);
    const bare = line.replace(/\r?\n$/, "");
    const cells = format === "csv" ? bare.split(options.delimiter ?? ",") : undefined;
    if (header) {
      columns = cells;
      header = false;
      expect(options, columns);
      continue;
    }
    const row = cells ? Object.fromEntries(columns.map((name, place) => [name, cells[place]])) : JSON.parse(bare);
    rows.push({ row, place: { ...end } });
  }
  return { columns, rows, end };
}

function expect({ expected_columns: expected = [], source }, columns) {
  const missing = expected.filter((name) => !columns.includes(name));
  if (missing.length > 0) throw fault("data", `${source}: the header lacks ${missing.join(", ")}`, "csv_header");
}

/** The value at a JSON Pointer. */
export function pointed(value, pointer) {
  const parts = pointer.split("/").slice(1);
  return parts.reduce((found, part) => found?.[part.replaceAll("~1", "/").replaceAll("~0", "~")], value);
}

export function scalar(value) {
  if (value == null) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}

function typed(connector, config) {
  return parse(connector.config, JSON.stringify(config));
}

function batchOf(rows) {
  const lines = rows.map((row) => (typeof row === "string" ? row : JSON.stringify(row)));
  return { stream: "records", rows: lines, keys: lines.map((_, number) => `key-${number}`) };
}

/** What the platform refuses of a connector, refused in a test. */
function eachOnce(name, rows, wanted) {
  const sorted = (list) => [...list].sort((one, other) => one - other);
  const message = `${name} has the rows ${rows.join()}; it must have each of ${wanted.join()} once`;
  assert.deepEqual(sorted(rows), sorted(wanted), message);
}

/** As it comes back: by way of JSON. */
function throughText(context) {
  return context === undefined ? undefined : JSON.parse(JSON.stringify(context));
}
