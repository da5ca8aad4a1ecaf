// A host in memory, for an author's own tests:
//
//   const host = new Host({ answer: (request) => [200, {}, '{"orders": []}'] });
//   const { rows, checkpoints } = host.read(connector, { page_size: 2 }, "orders");
//
// It decodes JSON, NDJSON and CSV as simple as can be; what the platform does with bad bytes is for
// `tributary connector test`. One row is one page: a test sees every place where a read may break.

import { parse } from "./config.js";

let host;

export class Host {
  constructor({ answer, files = {}, queries = {}, server, baseUrl = "https://api.test/" } = {}) {
    this.answer = answer;
    this.files = files;
    /** Rows by statement; parameters are in `asked`. */
    this.queries = queries;
    this.asked = [];
    /** What comes after what was sent over a socket; after nothing: a greeting. */
    this.server = server;
    this.baseUrl = baseUrl;
    this.requests = [];
    this.lines = [];
    this.nowMs = 1_790_000_000_000;
    this.stopping = false;
    /** Rows until the host says that they are not wanted any more: a crash at that place. */
    this.breakAfter = Infinity;
    this.out = { rows: [], checkpoints: [], covered: [] };
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
    this.out = { rows: [], checkpoints: [], covered: [] };
    this.#enter(connector).read(typed(connector, config), selection);
    return this.out;
  }

  handOver(rows) {
    if (this.out.rows.length + rows.length > this.breakAfter) {
      throw fault("cancelled", "the rows are not wanted any more");
    }
    this.out.rows.push(...rows);
  }

  #enter(connector) {
    host = this;
    return connector;
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
